using System.Buffers;
using Microsoft.AspNetCore.Http;
using Registry.Core.Errors;

namespace Registry.Server.Http;

/// <summary>Reading a body that must fit in memory.</summary>
internal static class BodyReading
{
    /// <summary>The whole body, or the given error when it is larger than the limit; reading stops there.</summary>
    public static async Task<Result<byte[]>> ReadAsync(HttpContext http, long limit, RegistryErrorCode tooLarge)
    {
        var error = new RegistryError(tooLarge, $"at most {limit} bytes are accepted");
        if (http.Request.ContentLength > limit)
        {
            return error;
        }

        var reader = http.Request.BodyReader;
        while (true)
        {
            var result = await reader.ReadAsync(http.RequestAborted);
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
