using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Registry.Server.Tests.Transport.Fixtures;

/// <summary>Response as received.</summary>
internal sealed partial record WireAnswer(string Head, byte[] Body)
{
    public int Status => int.Parse(Head.Split(' ')[1], CultureInfo.InvariantCulture);

    /// <summary>Boundary of a response with several ranges; null for other responses.</summary>
    public string? Boundary => this["Content-Type"]?.Split("boundary=") is [_, var boundary] ? boundary : null;

    public string? this[string header] =>
        Head.Split("\r\n").FirstOrDefault(line => line.StartsWith($"{header}: ", StringComparison.OrdinalIgnoreCase))?[(header.Length + 2)..];

    /// <summary>
    /// Summarizes a response in a few words: its status, <c>close</c> when it announces that, and its body: a sample, parts of one, an error
    /// code, or a short text.
    /// </summary>
    public string Summarize()
    {
        var announcement = this["Connection"] is { } connection ? $" {connection}" : string.Empty;
        return $"{Status}{announcement} {Describe()}".TrimEnd();
    }

    private string Describe()
    {
        if (Body.Length == 0)
        {
            return this["Content-Length"] is { } length and not "0" ? $"({length})" : string.Empty;
        }

        if (Boundary is not null)
        {
            return string.Join(", ", Parts().Matches(Encoding.Latin1.GetString(Body)).Select(part => Part(part.Groups[1].Value, Body.AsSpan(part.Index + part.Length))));
        }

        if (this["Content-Range"] is { } range && Ranges().IsMatch(range))
        {
            return Part(range, Body);
        }

        if (Samples.NameOf(Body) is { } sample)
        {
            return sample;
        }

        return this["Content-Type"] == "application/json" && JsonElement.Parse(Body).TryGetProperty("errors", out var errors)
            ? errors[0].GetProperty("code").GetString()!
            : Encoding.Latin1.GetString(Body, 0, Math.Min(Body.Length, 100));
    }

    // "0-9 of small", if those are the bytes.
    private static string Part(string contentRange, ReadOnlySpan<byte> body)
    {
        var numbers = Ranges().Match(contentRange).Groups;
        var (first, last, size) = (Number(numbers[1]), Number(numbers[2]), Number(numbers[3]));
        var sample = Samples.All.FirstOrDefault(sample => sample.Value.Bytes.Length == size);
        var expected = sample.Value.Bytes.AsSpan(first..(last + 1));
        return body.StartsWith(expected) ? $"{first}-{last} of {sample.Key}" : $"{first}-{last} of something else than {sample.Key}";
    }

    private static int Number(Group group) => int.Parse(group.ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"bytes (\d+)-(\d+)/(\d+)")]
    private static partial Regex Ranges();

    [GeneratedRegex(@"Content-Range: (bytes \d+-\d+/\d+)\r\n\r\n")]
    private static partial Regex Parts();
}
