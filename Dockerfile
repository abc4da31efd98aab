# The sidecar as a small image: a distroless Node, production dependencies, bundled JavaScript, the bundled rules and lists.
# Both stages have the same Node and the same Debian, because a package may build or choose its native part for them.
FROM node:24-trixie-slim AS build
WORKDIR /build
COPY package.json package-lock.json tsconfig.json tsconfig.build.json ./
RUN npm ci
COPY src src
COPY scripts scripts
COPY rules rules
COPY lists lists
RUN npm run build && npm ci --omit=dev

FROM gcr.io/distroless/nodejs24-debian13:nonroot
WORKDIR /app
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY rules rules
COPY lists lists
COPY schemas schemas
# In a pod, only the Fluent Bit beside it uses the port; otherwise it has to be reachable from other containers.
ENV NODE_ENV=production TRIPLINE_LISTEN=0.0.0.0:9870
EXPOSE 9870
# The image has no shell and no curl, so Node itself sends the request. Nothing is written, so a read-only root is enough.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["/nodejs/bin/node", "-e", "fetch('http://127.0.0.1:9870/readyz').then((reply) => process.exit(reply.ok ? 0 : 1), () => process.exit(1))"]
# Arguments after the image's name go to the program: docker run IMAGE scan --help
ENTRYPOINT ["/nodejs/bin/node", "--disable-sigusr1", "/app/dist/tripline.js"]
