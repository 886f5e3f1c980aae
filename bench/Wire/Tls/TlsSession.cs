namespace Registry.Bench.Wire.Tls;

/// <summary>Session of a connection, which a later connection may resume.</summary>
internal sealed class TlsSession(nint pointer) : IDisposable
{
    public nint Pointer { get; private set; } = pointer;

    public void Dispose()
    {
        if (Pointer != 0)
        {
            LibSsl.FreeSession(Pointer);
            Pointer = 0;
        }
    }
}
