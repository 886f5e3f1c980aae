using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Registry.Core.Oci;

namespace Registry.Server.Http;

/// <summary>Answers that are made of JSON, with their length.</summary>
internal static class JsonResponse
{
    // Nothing here ends up in HTML, and X-Content-Type-Options says so: quotes and plus signs may stay readable.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static async Task WriteAsync(HttpResponse response, Action<Utf8JsonWriter> write, string contentType = MediaTypes.Json)
    {
        var body = Serialize(write);
        response.ContentType = contentType;
        response.ContentLength = body.Length;
        await response.BodyWriter.WriteAsync(body);
    }

    /// <summary>JSON as it goes into an answer.</summary>
    public static ReadOnlyMemory<byte> Serialize(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            write(writer);
        }

        return buffer.WrittenMemory;
    }
}
