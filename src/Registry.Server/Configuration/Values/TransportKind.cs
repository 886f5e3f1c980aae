namespace Registry.Server.Configuration.Values;

/// <summary>Layer that moves bytes between sockets and the HTTP server.</summary>
public enum TransportKind
{
    /// <summary>The registry's own transport: sends files with sendfile(2) and receives uploads in large pieces. Linux only.</summary>
    Direct,

    /// <summary>Kestrel's own transport, on every system.</summary>
    Kestrel,
}
