using System.Text.Json;
using System.Text.Unicode;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Server.Memory;
using Registry.Server.Requests;

namespace Registry.Server.Http.Bodies;

/// <summary>Request bodies that are a JSON object whose fields are texts.</summary>
internal static class JsonRequest
{
    /// <summary>Size of the largest accepted body, in bytes.</summary>
    public const int MaxBody = 16 * 1024;

    // Of what the client sent, in a message.
    private const int MaxEcho = 80;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 4, AllowDuplicateProperties = false };

    /// <summary>Reads the body. An empty one is an object without fields; a field that is null counts as absent.</summary>
    /// <param name="request">The request.</param>
    /// <param name="memory">Budget of the body.</param>
    /// <param name="maxTime">Time in which the body must be complete.</param>
    /// <param name="fields">Fields that the object may have.</param>
    /// <returns>The fields, by name; or 400, 413, 415 or an error of the memory.</returns>
    /// <exception cref="BodyStoppedException">The body took too long, or its memory is needed for other clients.</exception>
    public static async Task<Result<IReadOnlyDictionary<string, string>>> ReadAsync(
        RequestContext request, MemoryBudget memory, TimeSpan maxTime, params IReadOnlyList<string> fields)
    {
        // A web page can send forms, texts and requests without a body to any address, with the credentials that the browser has remembered. For this type, the browser
        // asks the registry first (Fetch standard, "CORS-safelisted request-header").
        var type = request.Request.ContentType;
        if (string.IsNullOrWhiteSpace(type))
        {
            return new RegistryError(RegistryErrorCode.MediaTypeUnsupported, $"the request has no Content-Type; send {MediaTypes.Json}");
        }

        if (!IsJson(type))
        {
            return new RegistryError(RegistryErrorCode.MediaTypeUnsupported, $"the body has the type '{Echo(type)}'; send {MediaTypes.Json}");
        }

        var read = await BodyReading.ReadAsync(request, memory, MaxBody, RegistryErrorCode.RequestTooLarge, maxTime);
        if (!read.TryGet(out var body, out var unread))
        {
            return unread;
        }

        using (body)
        {
            return body.Bytes.IsEmpty ? new Dictionary<string, string>() : Parse(body.Bytes, fields);
        }
    }

    /// <summary>Parses a body that is not empty.</summary>
    public static Result<IReadOnlyDictionary<string, string>> Parse(ReadOnlyMemory<byte> body, IReadOnlyList<string> fields)
    {
        if (!Utf8.IsValid(body.Span))
        {
            return Invalid("is not valid UTF-8");
        }

        try
        {
            using var document = JsonDocument.Parse(body, Strict);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? ReadFields(document.RootElement, fields)
                : Invalid($"is {Article(document.RootElement.ValueKind)}; it must be an object");
        }
        catch (JsonException e)
        {
            // Counted from 1, as editors do.
            return Invalid(e is { LineNumber: { } line, BytePositionInLine: { } position }
                ? $"is not valid JSON at line {line + 1}, byte {position + 1}: {Reason(e.Message)}"
                : $"is not valid JSON: {Reason(e.Message)}");
        }
        catch (InvalidOperationException)
        {
            // \ud800 is an escape, and no character.
            return Invalid("has an escape that is no character");
        }
    }

    private static Result<IReadOnlyDictionary<string, string>> ReadFields(JsonElement element, IReadOnlyList<string> fields)
    {
        var values = new Dictionary<string, string>();
        foreach (var property in element.EnumerateObject())
        {
            if (!fields.Contains(property.Name))
            {
                return Invalid($"has the field '{Echo(property.Name)}'; {(fields.Count == 0 ? "it must be an object without fields" : $"allowed: {string.Join(", ", fields)}")}");
            }

            switch (property.Value.ValueKind)
            {
                case JsonValueKind.String:
                    values.Add(property.Name, property.Value.GetString()!);
                    break;
                case JsonValueKind.Null:
                    break;
                default:
                    return Invalid($"has {Article(property.Value.ValueKind)} as '{property.Name}'; it must be a string");
            }
        }

        return values;
    }

    private static bool IsJson(string contentType) => contentType.Split(';')[0].Trim().Equals(MediaTypes.Json, StringComparison.OrdinalIgnoreCase);

    private static string Article(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Array => "an array",
        JsonValueKind.Object => "an object",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };

    // Without the position, which the message of the library repeats.
    private static string Reason(string message)
    {
        var position = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return (position < 0 ? message : message[..position]).TrimEnd('.');
    }

    private static RegistryError Invalid(string fault) => new(RegistryErrorCode.BadRequest, $"the body {fault}");

    private static string Echo(string text) => text.Length <= MaxEcho ? text : $"{text[..MaxEcho]}…";
}
