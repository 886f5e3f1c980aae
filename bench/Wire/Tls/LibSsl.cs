using System.Runtime.InteropServices;

namespace Registry.Bench.Wire.Tls;

/// <summary>The functions of OpenSSL 3 that a client needs, which .NET loads, too.</summary>
internal static partial class LibSsl
{
    public const int WantRead = 2;
    public const int WantWrite = 3;
    public const int ZeroReturn = 6;

    private const string Ssl = "libssl.so.3";
    private const string Crypto = "libcrypto.so.3";

    [LibraryImport(Ssl, EntryPoint = "TLS_client_method")]
    public static partial nint ClientMethod();

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_new")]
    public static partial nint NewContext(nint method);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_ctrl")]
    public static partial nint ControlContext(nint context, int command, nint value, nint pointer);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_set_default_read_buffer_len")]
    public static partial void SetReadBufferLength(nint context, nuint length);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_set_ciphersuites", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SetCipherSuites(nint context, string names);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_set_alpn_protos")]
    public static partial int SetProtocols(nint context, ReadOnlySpan<byte> protocols, uint length);

    [LibraryImport(Ssl, EntryPoint = "SSL_new")]
    public static partial nint New(nint context);

    [LibraryImport(Ssl, EntryPoint = "SSL_free")]
    public static partial void Free(nint ssl);

    [LibraryImport(Ssl, EntryPoint = "SSL_set_fd")]
    public static partial int SetDescriptor(nint ssl, int descriptor);

    [LibraryImport(Ssl, EntryPoint = "SSL_connect")]
    public static partial int Connect(nint ssl);

    [LibraryImport(Ssl, EntryPoint = "SSL_read")]
    public static partial int Read(nint ssl, Span<byte> buffer, int length);

    [LibraryImport(Ssl, EntryPoint = "SSL_write")]
    public static partial int Write(nint ssl, ReadOnlySpan<byte> buffer, int length);

    [LibraryImport(Ssl, EntryPoint = "SSL_get_error")]
    public static partial int GetError(nint ssl, int result);

    [LibraryImport(Ssl, EntryPoint = "SSL_get0_alpn_selected")]
    public static partial void GetProtocol(nint ssl, out nint protocol, out uint length);

    [LibraryImport(Ssl, EntryPoint = "SSL_get1_session")]
    public static partial nint GetSession(nint ssl);

    [LibraryImport(Ssl, EntryPoint = "SSL_set_session")]
    public static partial int SetSession(nint ssl, nint session);

    [LibraryImport(Ssl, EntryPoint = "SSL_SESSION_free")]
    public static partial void FreeSession(nint session);

    [LibraryImport(Ssl, EntryPoint = "SSL_set_shutdown")]
    public static partial void SetShutdown(nint ssl, int mode);

    [LibraryImport(Ssl, EntryPoint = "SSL_session_reused")]
    public static partial int IsResumed(nint ssl);

    [LibraryImport(Crypto, EntryPoint = "ERR_clear_error")]
    public static partial void ClearErrors();

    [LibraryImport(Crypto, EntryPoint = "ERR_peek_last_error")]
    public static partial nuint LastError();
}
