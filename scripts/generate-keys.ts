import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { generateAuthSecret, generateKeyRing } = require('../dist/src/platform/env/generated-keys.js') as {
  generateAuthSecret: () => string;
  generateKeyRing: () => string;
};

console.log(`AI_STUDIO_KEK=${generateKeyRing()}`);
console.log(`AUTH_SECRET=${generateAuthSecret()}`);
console.log(`AUDIT_KEY=${generateAuthSecret()}`);
