using Registry.Testing;

namespace Registry.Bench.Peers;

/// <summary>CNCF distribution: the binary that PEER_BIN names, and Debian's docker-registry.</summary>
internal static class DistributionServer
{
    /// <summary>Variable with the path of version 3.</summary>
    public const string PeerVariable = "PEER_BIN";

    public const string PeerName = "distribution";
    public const string DebianName = "docker-registry";

    /// <summary>Starts <c>PROGRAM serve CONFIGURATION</c> over a folder.</summary>
    public static async Task<Contestant> StartAsync(string name, string program, TemporaryFolder folders, ServerCertificate? certificate)
    {
        var address = Contestant.FreeAddress(certificate);
        var root = folders.Folder(name);
        var configuration = folders.File($"{name}.yml");
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
              filesystem:
                rootdirectory: {{root}}
              delete:
                enabled: true
            http:
              addr: {{address}}{{tls}}
            """);

        // Version 3 sends traces to a collector by default.
        var environment = Contestant.WithoutSettings();
        environment["OTEL_TRACES_EXPORTER"] = "none";
        var version = await Programs.VersionAsync(program, "--version");
        return await Contestant.StartAsync(name, version, root, address, program, ["serve", configuration], environment);
    }
}
