namespace Registry.Server.Hosting.Kestrel;

/// <summary>Flow-control windows of HTTP/2 for request bodies (RFC 9113, section 5.2): bytes that a client may send before the registry reads them.</summary>
/// <param name="Connection">For all requests of a connection together.</param>
/// <param name="Stream">For one request.</param>
internal readonly record struct RequestWindow(int Connection, int Stream)
{
    private const int MiB = 1024 * 1024;

    // An upload is hashed and written in pieces of 256 KiB while the client goes on sending: with 1 MiB, it waits for the window between pieces. More than
    // 4 MiB gain nothing (decision 33). With less memory, every connection of a hostile client would hold too much of it.
    private const long PartOfHeap = 160;
    private const int Smallest = MiB;
    private const int Largest = 4 * MiB;

    /// <summary>Windows for a process: 1 MiB for a connection with a heap of up to 160 MiB, 4 MiB from 640 MiB on; three quarters of it for a request.</summary>
    /// <param name="heap">Limit of the heap, in bytes.</param>
    public static RequestWindow For(long heap)
    {
        var connection = (int)Math.Clamp(heap / PartOfHeap, Smallest, Largest);
        return new(connection, connection / 4 * 3);
    }
}
