using System.Globalization;

namespace Registry.Bench.Wire.Http;

/// <summary>Head of an answer: its status, the length of its body, and the path and query of Location.</summary>
internal sealed record HttpHead(int Status, long Length, string Location, string Text)
{
    public static HttpHead Parse(string text)
    {
        var lines = text.Split("\r\n");
        var status = int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture);
        var length = 0L;
        var location = string.Empty;
        foreach (var line in lines.Skip(1))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var value = line[(colon + 1)..].Trim();
            switch (line[..colon].ToUpperInvariant())
            {
                case "CONTENT-LENGTH":
                    length = long.Parse(value, CultureInfo.InvariantCulture);
                    break;
                case "LOCATION":
                    location = value.StartsWith('/') ? value : new Uri(value).PathAndQuery;
                    break;
                case "TRANSFER-ENCODING":
                    throw new NotSupportedException("The answer is chunked, which this client does not read.");
                default:
                    break;
            }
        }

        return new HttpHead(status, length, location, text);
    }
}
