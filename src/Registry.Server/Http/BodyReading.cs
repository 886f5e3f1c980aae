using System.Buffers;
using Registry.Core.Errors;
using Registry.Server.Pipeline;

namespace Registry.Server.Http;

/// <summary>Reads request bodies that must fit in memory.</summary>
internal static class BodyReading
{
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

    /// <summary>Reads the whole body. Stops with the given error when it is larger than the limit.</summary>
    public static async Task<Result<byte[]>> ReadAsync(RequestContext request, long limit, RegistryErrorCode tooLarge)
    {
        var error = new RegistryError(tooLarge, $"at most {limit} bytes are accepted");
        if (request.Request.ContentLength > limit)
        {
            return error;
        }

        var reader = request.Body;
        while (true)
        {
            var result = await reader.ReadAsync(request.Aborted);
            var buffer = result.Buffer;
            if (buffer.Length > limit)
            {
                reader.AdvanceTo(buffer.Start, buffer.End);
                return error;
            }

            if (result.IsCompleted)
            {
                var body = buffer.ToArray();
                reader.AdvanceTo(buffer.End);
                return body;
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }
}
