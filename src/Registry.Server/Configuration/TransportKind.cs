namespace Registry.Server.Configuration;

/// <summary>What moves bytes between sockets and the HTTP server.</summary>
public enum TransportKind
{
    /// <summary>The registry's own transport: files go out by sendfile(2), uploads come in large pieces. Linux only.</summary>
    Direct,

    /// <summary>Kestrel's own transport, on every system.</summary>
    Kestrel,
}
