namespace Registry.Server.Configuration;

/// <summary>REGISTRY_TRANSPORT: what moves bytes between sockets and Kestrel.</summary>
public enum TransportKind
{
    /// <summary>The registry's own, with sendfile(2).</summary>
    Direct,

    /// <summary>Kestrel's.</summary>
    Kestrel,
}
