using System.Runtime.Versioning;
using Registry.Server.Hosting;
using Registry.Server.Transport;

namespace Registry.Server.Tests.Transport.Soak;

/// <summary>Resources that this process holds at a moment.</summary>
/// <param name="Sockets">Descriptors of sockets.</param>
/// <param name="Files">Descriptors of files of the registry, except the metadata's, whose number depends on the load.</param>
/// <param name="Connections">Connections that Kestrel counts.</param>
/// <param name="DirectConnections">Connections that the registry's own transport counts.</param>
/// <param name="Buffers">Buffers rented by the latter and by the TLS layer. Kestrel's transport does not report its own.</param>
[SupportedOSPlatform("linux")]
internal sealed record Census(int Sockets, int Files, long Connections, long DirectConnections, long Buffers)
{
    public static Census Take(ConnectionGauge connections, RegistryHost host)
    {
        var transport = host.Transport as DirectTransport;
        var targets = new DirectoryInfo("/proc/self/fd").EnumerateFileSystemInfos().Select(Target).ToList();
        return new Census(
            targets.Count(target => target.StartsWith("socket:", StringComparison.Ordinal)),
            targets.Count(target => target.StartsWith(host.Storage.Name, StringComparison.Ordinal) && !target.Contains(".db", StringComparison.Ordinal)),
            connections.Count,
            transport?.Connections ?? 0,
            host.Buffers.Rented);
    }

    /// <summary>True when no count is higher than at another moment.</summary>
    public bool IsWithin(Census other) =>
        Sockets <= other.Sockets && Files <= other.Files && Connections <= other.Connections
        && DirectConnections <= other.DirectConnections && Buffers <= other.Buffers;

    private static string Target(FileSystemInfo descriptor)
    {
        try
        {
            return descriptor.LinkTarget ?? string.Empty;
        }
        catch (IOException)
        {
            // Closed meanwhile, such as the one that lists the others.
            return string.Empty;
        }
    }
}
