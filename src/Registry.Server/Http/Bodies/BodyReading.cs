using Registry.Core.Errors;
using Registry.Server.Memory;
using Registry.Server.Requests;

namespace Registry.Server.Http.Bodies;

/// <summary>Reads request bodies that must fit in memory.</summary>
internal static class BodyReading
{
    private static readonly RegistryError GaveWay =
        new(RegistryErrorCode.MemoryShareUsed, "the body did not arrive at once, and its memory was needed for other clients");

    /// <summary>Reads the body to its end and discards it.</summary>
    public static async Task DiscardAsync(RequestContext request)
    {
        for (var isCompleted = false; !isCompleted;)
        {
            var result = await request.Body.ReadAsync(request.Aborted);
            isCompleted = result.IsCompleted;
            request.Body.AdvanceTo(result.Buffer.End);
        }
    }

    /// <summary>Reads the whole body. Stops when it is larger than a limit, takes too long, or needs more memory than there is.</summary>
    /// <param name="request">The request.</param>
    /// <param name="memory">Budget of the body.</param>
    /// <param name="limit">Size of the largest accepted body, in bytes.</param>
    /// <param name="tooLarge">Error for a larger one.</param>
    /// <param name="maxTime">Time in which the body must be complete.</param>
    /// <returns>The body, which the caller disposes when it is processed; or the error.</returns>
    /// <exception cref="BodyStoppedException">The body took too long, or its memory is needed for other clients.</exception>
    public static async Task<Result<HeldBody>> ReadAsync(
        RequestContext request, MemoryBudget memory, long limit, RegistryErrorCode tooLarge, TimeSpan maxTime)
    {
        var announced = request.Request.ContentLength;
        if (announced > limit)
        {
            return TooLarge(limit, tooLarge);
        }

        var reader = request.Body;
        reader.MaxTime = maxTime;
        var reservation = memory.Open(request.MemoryHolder);
        var body = new HeldBody(reservation, limit);
        var isRead = false;
        try
        {
            reservation.GiveWay = () => reader.Stop(GaveWay);
            while (true)
            {
                var result = await reader.ReadAsync(request.Aborted);
                var buffer = result.Buffer;
                var length = body.Bytes.Length + buffer.Length;
                var isTaken = false;
                try
                {
                    var error = length > limit
                        ? TooLarge(limit, tooLarge)
                        : await body.AppendAsync(buffer, result.IsCompleted ? length : announced, request.Aborted);
                    if (error is not null)
                    {
                        return error;
                    }

                    isTaken = true;
                }
                finally
                {
                    // Also when there is no memory at all, or the client goes away: Kestrel reads the rest, and takes an open read for a fault of this code.
                    reader.AdvanceTo(isTaken ? buffer.End : buffer.Start, buffer.End);
                }

                if (result.IsCompleted)
                {
                    reservation.GiveWay = null;
                    isRead = true;
                    return body;
                }
            }
        }
        finally
        {
            if (!isRead)
            {
                body.Dispose();
            }
        }
    }

    private static RegistryError TooLarge(long limit, RegistryErrorCode code) => new(code, $"at most {limit} bytes are accepted");
}
