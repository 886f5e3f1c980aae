namespace Registry.Outgoing;

/// <summary>Where an address leads.</summary>
[Flags]
public enum AddressKind
{
    /// <summary>Nowhere yet.</summary>
    None = 0,

    /// <summary>To the internet.</summary>
    Public = 1,

    /// <summary>To a private network: RFC 1918, unique local (RFC 4193), carrier-grade NAT (RFC 6598), benchmarks (RFC 2544).</summary>
    Private = 2,

    /// <summary>To this machine.</summary>
    Loopback = 4,

    /// <summary>To this link, where clouds have their metadata; and to the metadata that clouds have elsewhere.</summary>
    Link = 8,

    /// <summary>To no single host: unspecified, multicast, broadcast, reserved, or a tunnel whose end cannot be told.</summary>
    Special = 16,
}
