# syntax=docker/dockerfile:1
# Images of the service (target api) and of its worker (worker, worker-gpu): docker build --target api -t fitserve-api .

FROM node:20-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json ./
COPY src src
COPY workers workers
RUN npx tsc -b

FROM node:20-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

# The same packages with ONNX Runtime's CUDA libraries, which its install step fetches from NuGet where it is asked to.
FROM packages AS packages-gpu
RUN ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install.js

FROM node:20-slim AS runtime
ENV NODE_ENV=production DATA_DIR=/data ORT_DISABLE_TELEMETRY=1
WORKDIR /app
RUN install -d -o node -g node /data
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json ./
COPY src/store/migrations src/store/migrations
COPY docker/healthcheck.mjs docker/
USER 1000:1000
VOLUME /data

FROM runtime AS api
ENV HOST=0.0.0.0
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["node", "docker/healthcheck.mjs", "api"]
CMD ["node", "dist/src/main.js", "api"]

FROM runtime AS worker
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["node", "docker/healthcheck.mjs", "worker"]
CMD ["node", "dist/workers/main.js"]

# CUDA 12 and cuDNN 9 come with the base image; Node and the application are those of the other images.
FROM nvidia/cuda:12.6.3-cudnn-runtime-ubuntu22.04 AS worker-gpu
ENV NODE_ENV=production DATA_DIR=/data ORT_DISABLE_TELEMETRY=1 EXECUTION_PROVIDERS=cuda,cpu
WORKDIR /app
RUN useradd --uid 1000 --create-home node && install -d -o node -g node /data
COPY --from=runtime /usr/local/bin/node /usr/local/bin/node
COPY --from=runtime /app ./
COPY --from=packages-gpu /app/node_modules/onnxruntime-node node_modules/onnxruntime-node
USER 1000:1000
VOLUME /data
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["node", "docker/healthcheck.mjs", "worker"]
CMD ["node", "dist/workers/main.js"]
