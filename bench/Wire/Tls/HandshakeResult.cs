namespace Registry.Bench.Wire.Tls;

/// <summary>Result of <see cref="Handshakes"/>.</summary>
/// <param name="All">Number of handshakes.</param>
/// <param name="Resumed">Number of those that resumed a session.</param>
/// <param name="Elapsed">Duration of the loop.</param>
internal sealed record HandshakeResult(int All, int Resumed, TimeSpan Elapsed);
