# Three images, each with one program, the libraries it is linked with, the certificates of public authorities, and nothing else.
#
#   docker build --target operator  -t sluice/operator:0.1.0 .
#   docker build --target dataplane -t sluice/dataplane:0.1.0 .
#   docker build --target sluice    -t sluice/sluice:0.1.0 .
#
# The first two are for charts/sluice. The last runs without Kubernetes, by environment variables alone or by files:
#
#   docker run --rm -p 8080:8080 -e OPENAI_API_KEY sluice/sluice:0.1.0
#   docker run --rm -p 8080:8080 -e OPENAI_API_KEY -v "$PWD/config:/config:ro" sluice/sluice:0.1.0    # config/proxy-config.yaml
#   docker run --rm -p 8080:8080 -v "$PWD/resources:/resources:ro" sluice/sluice:0.1.0 run -f /resources
#
# PROFILE is `ci` (quick to build) or `release`.

FROM rust:1.95-bookworm AS build
ARG PROFILE=release
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --locked --profile "$PROFILE" --package sluice-operator --package sluice-dataplane --package sluice-cli --bins \
    && for program in sluice-operator sluice-dataplane sluice; do \
        root="/out/$program" \
        && install -D --mode=0755 "target/$PROFILE/$program" "$root/$program" \
        && strip --strip-debug "$root/$program" \
        && ldd "$root/$program" | grep -o '/[^ ]*' | while read -r library; do install -D "$library" "$root$library" || exit; done \
        && install -D --mode=0644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt" \
        && install -D --mode=0644 LICENSE "$root/LICENSE" \
        || exit; \
    done

# No shell, no home and nothing to write: a read-only root file system will do.
FROM scratch AS program
LABEL org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /
USER 65532:65532
STOPSIGNAL SIGTERM

FROM program AS operator
LABEL org.opencontainers.image.title="sluice-operator" \
      org.opencontainers.image.description="Sluice's operator: resources in, configuration of data planes out"
COPY --from=build /out/sluice-operator/ /
EXPOSE 18000 19000
ENTRYPOINT ["/sluice-operator"]

FROM program AS dataplane
LABEL org.opencontainers.image.title="sluice-dataplane" \
      org.opencontainers.image.description="Sluice's data plane: carries a Gateway's traffic as an operator says"
COPY --from=build /out/sluice-dataplane/ /
EXPOSE 10080 19001
ENTRYPOINT ["/sluice-dataplane"]

FROM program AS sluice
LABEL org.opencontainers.image.title="sluice" \
      org.opencontainers.image.description="An AI gateway: one endpoint for every model provider"
COPY --from=build /out/sluice/ /
EXPOSE 8080
# SIGTERM lets requests in flight end, for 30 seconds at most: give `docker stop` -t 35.
ENTRYPOINT ["/sluice"]
CMD ["run"]
