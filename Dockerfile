# The image of `sluice serve` and of every other command. Needs glibc (YARA-X has no musl build).
ARG BASE=node:24-bookworm-slim

FROM $BASE AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# No dependency needs a script of its own to run; the compiler is a native binary in a package.
RUN npm ci --ignore-scripts
COPY . .
RUN node scripts/build.ts

FROM $BASE AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts

# Nothing is run in this stage, and nothing in it needs a shell.
FROM $BASE
LABEL org.opencontainers.image.title="Sluice" \
      org.opencontainers.image.description="Cloud-native ICAP server (RFC 3507)" \
      org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /build/dist dist
COPY package.json LICENSE CHANGELOG.md ./
# The container has a network of its own: its loopback is reached by nobody, the kubelet included.
ENV NODE_ENV=production \
    SLUICE_ADMIN_ADDRESS=:9344
# Root may be read-only: spool files go to /tmp, or to SLUICE_SPOOL_DIRECTORY.
VOLUME ["/tmp"]
USER 65532:65532
EXPOSE 1344 11344 9344
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "dist/src/main.js", "probe"]
ENTRYPOINT ["node", "dist/src/main.js"]
CMD ["serve"]
