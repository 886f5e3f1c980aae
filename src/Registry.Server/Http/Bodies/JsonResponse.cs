using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Registry.Core.Oci;
using Registry.Server.Requests;

namespace Registry.Server.Http.Bodies;

/// <summary>Writes JSON responses, with Content-Length.</summary>
internal static class JsonResponse
{
    // Responses are never interpreted as HTML (X-Content-Type-Options), so quotes and plus signs stay unescaped.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes a response, no faster than the client takes it: pages of listings have up to 4 MiB.</summary>
    /// <exception cref="OperationCanceledException">The client has gone away.</exception>
    public static Task WriteAsync(RequestContext request, Action<Utf8JsonWriter> write, string contentType = MediaTypes.Json) =>
        WriteAsync(request, Serialize(write), contentType);

    /// <inheritdoc cref="WriteAsync(RequestContext, Action{Utf8JsonWriter}, string)"/>
    public static Task WriteAsync(RequestContext request, ReadOnlyMemory<byte> body, string contentType)
    {
        request.Response.ContentType = contentType;
        request.Response.ContentLength = body.Length;
        return BodyWriting.WriteAsync(request, body);
    }

    /// <summary>Serializes a value for a response.</summary>
    /// <param name="write">Writes the value.</param>
    /// <param name="capacity">Size of the first buffer, in bytes; 0 for any.</param>
    public static ReadOnlyMemory<byte> Serialize(Action<Utf8JsonWriter> write, int capacity = 0)
    {
        var buffer = capacity > 0 ? new ArrayBufferWriter<byte>(capacity) : new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            write(writer);
        }

        return buffer.WrittenMemory;
    }
}
