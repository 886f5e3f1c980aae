using Registry.Testing;
using Registry.Testing.Engines;

namespace Registry.Bench.Peers;

/// <summary>CNCF distribution: the binary that PEER_BIN names, and Debian's docker-registry.</summary>
internal static class DistributionServer
{
    /// <summary>Variable with the path of version 3.</summary>
    public const string PeerVariable = "PEER_BIN";

    public const string PeerName = "distribution";
    public const string DebianName = "docker-registry";

    /// <summary>Starts <c>PROGRAM serve CONFIGURATION</c> over a folder.</summary>
    public static Task<Contestant> StartAsync(string name, string program, TemporaryFolder folders, ServerCertificate? certificate)
    {
        var root = folders.Folder(name);
        return StartAsync(name, program, root, certificate, $"""
              filesystem:
                rootdirectory: {root}
            """);
    }

    /// <summary>Starts it over a bucket, whose bytes it passes on by itself, without redirects.</summary>
    public static Task<Contestant> StartOnS3Async(string name, string program, TemporaryFolder folders, Uri store, string bucket) =>
        StartAsync(name, program, folders.Folder(bucket), null, $"""
              s3:
                regionendpoint: {store.GetLeftPart(UriPartial.Authority)}
                region: {CephGateway.Region}
                bucket: {bucket}
                accesskey: {CephGateway.AccessKey}
                secretkey: {CephGateway.SecretKey}
                secure: {(store.Scheme == Uri.UriSchemeHttps ? "true" : "false")}
                forcepathstyle: true
              redirect:
                disable: true
            """);

    /// <summary>Starts it as a cache of an upstream.</summary>
    public static Task<Contestant> StartMirrorAsync(string name, string program, TemporaryFolder folders, Uri upstream)
    {
        var root = folders.Folder($"{name}-mirror");
        return StartAsync(name, program, root, null, $"""
              filesystem:
                rootdirectory: {root}
            """, $"""
            proxy:
              remoteurl: {upstream.GetLeftPart(UriPartial.Authority)}
            """);
    }

    private static async Task<Contestant> StartAsync(
        string name, string program, string root, ServerCertificate? certificate, string storage, string more = "")
    {
        var address = Contestant.FreeAddress(certificate);
        var configuration = $"{root}.yml";
        var tls = certificate is null ? string.Empty : $"\n  tls:\n    certificate: {certificate.Certificate}\n    key: {certificate.Key}";

        // The configuration of distribution's image, without the request log, which would only cost time.
        await File.WriteAllTextAsync(configuration, $$"""
            version: 0.1
            log:
              level: error
              accesslog:
                disabled: true
            storage:
              cache:
                blobdescriptor: inmemory
            {{storage}}
              delete:
                enabled: true
            http:
              addr: {{address}}{{tls}}
            {{more}}
            """);

        // Version 3 sends traces to a collector by default.
        var environment = Contestant.WithoutSettings();
        environment["OTEL_TRACES_EXPORTER"] = "none";
        var version = await Programs.VersionAsync(program, "--version");
        return await Contestant.StartAsync(name, version, root, address, program, ["serve", configuration], environment);
    }
}
