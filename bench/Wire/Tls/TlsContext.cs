using System.Text;

namespace Registry.Bench.Wire.Tls;

/// <summary>
/// What clients of one protocol offer: TLS 1.3 with AES-128-GCM alone, so that all servers encrypt in the same way. Certificates are not checked.
/// </summary>
internal sealed class TlsContext
{
    private const int SetMode = 33;
    private const int SetReadAhead = 41;
    private const int SetMinimum = 123;

    // Write what fits, and continue from another buffer.
    private const int PartialWrites = 1 | 2;
    private const int Tls13 = 0x0304;
    private const int ReadAhead = 256 * 1024;

    private TlsContext(string protocol)
    {
        Protocol = protocol;
        Pointer = LibSsl.NewContext(LibSsl.ClientMethod());
        byte[] offered = [(byte)protocol.Length, .. Encoding.ASCII.GetBytes(protocol)];
        if (Pointer == 0
            || LibSsl.SetCipherSuites(Pointer, "TLS_AES_128_GCM_SHA256") != 1
            || LibSsl.ControlContext(Pointer, SetMinimum, Tls13, 0) != 1
            || LibSsl.SetProtocols(Pointer, offered, (uint)offered.Length) != 0)
        {
            throw new InvalidOperationException("OpenSSL refused the settings of the client.");
        }

        _ = LibSsl.ControlContext(Pointer, SetMode, PartialWrites, 0);
        _ = LibSsl.ControlContext(Pointer, SetReadAhead, 1, 0);
        LibSsl.SetReadBufferLength(Pointer, ReadAhead);
    }

    public static TlsContext Http1 { get; } = new("http/1.1");

    public static TlsContext Http2 { get; } = new("h2");

    /// <summary>Name of the protocol in ALPN.</summary>
    public string Protocol { get; }

    /// <summary>Context of OpenSSL, for the life of the process.</summary>
    public nint Pointer { get; }
}
