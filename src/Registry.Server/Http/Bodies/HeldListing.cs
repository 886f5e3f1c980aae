using Registry.Core.Errors;
using Registry.Server.Memory;
using Registry.Server.Requests;

namespace Registry.Server.Http.Bodies;

/// <summary>Listing in memory: its rows while it is made, and its page until the client has read it. Both are reserved until it is disposed.</summary>
internal sealed class HeldListing(RequestContext request, RequestMemory memory) : IDisposable
{
    private readonly MemoryReservation _page = memory.Listings.Open(request.MemoryHolder);
    private readonly MemoryReservation _rows = memory.Rows.Open(request.MemoryHolder);

    /// <summary>Reserves memory, instead of what was reserved before. A listing larger than a budget gets all of it.</summary>
    /// <param name="page">Size of the largest page, in bytes.</param>
    /// <param name="rows">Size of its rows and of copies of them, in bytes.</param>
    /// <returns>Null when the memory is reserved; otherwise the error.</returns>
    /// <exception cref="OperationCanceledException">The client has gone away.</exception>
    public async ValueTask<RegistryError?> ReserveAsync(long page, long rows)
    {
        // A listing that waits for memory holds none: many of them would otherwise keep each other waiting.
        _rows.ShrinkTo(0);
        _page.ShrinkTo(0);
        return await _page.AddAsync(Math.Min(page, memory.Listings.Limit), request.Aborted)
            ?? await _rows.AddAsync(Math.Min(rows, memory.Rows.Limit), request.Aborted);
    }

    /// <summary>Sends the page. A client that does not read it may have to give way.</summary>
    /// <exception cref="OperationCanceledException">The client has gone away, or had to give way.</exception>
    public async Task SendAsync(ReadOnlyMemory<byte> page, string contentType)
    {
        _rows.Dispose();
        _page.ShrinkTo(page.Length);
        _page.GiveWay = request.Http.Abort;
        await JsonResponse.WriteAsync(request, page, contentType);
    }

    public void Dispose()
    {
        _rows.Dispose();
        _page.Dispose();
    }
}
