export { listAcceptedOrigins } from './accepted-origins';
export { assertOwnPage } from './cross-site';
export { securityHeaders } from './security-headers';
