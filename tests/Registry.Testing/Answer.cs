using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Registry.Testing;

/// <summary>An HTTP response that was read completely.</summary>
public sealed record Answer(int Status, IReadOnlyList<(string Name, string Value)> Headers, byte[] Body)
{
    /// <summary>Values of a header, joined with commas; null without the header.</summary>
    public string? this[string header] => All(header) is { Count: > 0 } values ? string.Join(", ", values) : null;

    /// <summary>Content-Length as a number; -1 without the header.</summary>
    public long Length => long.Parse(this["Content-Length"] ?? "-1", CultureInfo.InvariantCulture);

    /// <summary>The Location header.</summary>
    public string Location => this["Location"] ?? throw new InvalidOperationException($"There is no Location: {this}");

    /// <summary>The body as text.</summary>
    public string Text => Encoding.UTF8.GetString(Body);

    /// <summary>The body as JSON.</summary>
    public JsonElement Json => JsonElement.Parse(Body);

    /// <summary>All values of a header, one entry a line.</summary>
    public IReadOnlyList<string> All(string header) =>
        [.. Headers.Where(h => h.Name.Equals(header, StringComparison.OrdinalIgnoreCase)).Select(h => h.Value)];

    /// <summary>Strings of an array in the body.</summary>
    public IReadOnlyList<string> Strings(string property) => [.. Json.GetProperty(property).EnumerateArray().Select(item => item.GetString()!)];

    /// <inheritdoc/>
    public override string ToString() => $"{Status} [{string.Join(", ", Headers.Select(h => $"{h.Name}: {h.Value}"))}] {(Text.Length > 500 ? Text[..500] : Text)}";

    internal static async Task<Answer> ReadAsync(HttpResponseMessage response)
    {
        var headers = new List<(string, string)>();
        foreach (var (name, values) in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated))
        {
            headers.AddRange(values.Select(value => (name, value)));
        }

        return new Answer((int)response.StatusCode, headers, await response.Content.ReadAsByteArrayAsync());
    }
}
