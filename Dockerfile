# syntax=docker/dockerfile:1

# Builds with every locked package; nothing of this stage but dist/ reaches the image.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY nest-cli.json tsconfig.json .swcrc ./
COPY libs ./libs
COPY src ./src
RUN npx nest build

# What the server needs at run time, and no more. The pinned Node that npm brings elsewhere is the base image here.
FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts && npm cache clean --force

FROM node:24-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/data MALLOC_ARENA_MAX=1
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json ./
# For an embedded database or generated files; with DATABASE_URL and keys from the environment nothing is written here.
RUN mkdir /data && chown node:node /data
VOLUME /data
USER node
EXPOSE 3000
# Node is the first process and gets SIGTERM itself: it refuses new work, finishes running answers (DRAIN_MS) and ends.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# As npm start does it (scripts/server-options.json).
CMD ["node", "--max-semi-space-size=4", "--heap-growing-percent=30", "--liftoff-only", "--concurrent-turbofan-max-threads=1", "dist/src/main.js"]
