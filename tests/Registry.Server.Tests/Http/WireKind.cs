namespace Registry.Server.Tests.Http;

/// <summary>Protocol of a connection.</summary>
public enum WireKind
{
    Http11,
    Tls,
    Http2,
    Http2OverTls,
}
