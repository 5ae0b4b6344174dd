export { ChatModule } from './chat.module';
export type { ChatRouter } from './chat.router';
