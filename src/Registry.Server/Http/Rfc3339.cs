using System.Globalization;
using System.Text.RegularExpressions;

namespace Registry.Server.Http;

/// <summary>Times as in RFC 3339, section 5.6.</summary>
internal static partial class Rfc3339
{
    /// <summary>Time as the messages show it.</summary>
    public const string Example = "2026-11-26T18:00:00Z";

    // A point and seven digits, which .NET parses.
    private const int MaxFraction = 8;

    /// <summary>Writes a time in UTC, to the millisecond, which is what the registry records.</summary>
    public static string Format(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>
    /// Parses a time. It has an offset from UTC, since the registry and the caller may be in different zones. Seconds may be left out, though the RFC has them; a leap
    /// second is none.
    /// </summary>
    public static bool TryParse(string? text, out DateTimeOffset time)
    {
        time = default;
        if (text is null || Form.Match(text) is not { Success: true } match)
        {
            return false;
        }

        var fraction = match.Groups["fraction"].Value is { Length: > MaxFraction } exact ? exact[..MaxFraction] : match.Groups["fraction"].Value;
        var seconds = match.Groups["seconds"].Value is { Length: > 0 } given ? given : ":00";
        var zone = match.Groups["zone"].Value is "Z" or "z" ? "+00:00" : match.Groups["zone"].Value;
        return DateTimeOffset.TryParseExact(
            $"{match.Groups["date"].Value}T{match.Groups["minutes"].Value}{seconds}{fraction}{zone}",
            "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz",
            CultureInfo.InvariantCulture,
            DateTimeStyles.None,
            out time);
    }

    [GeneratedRegex(
        @"^(?<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt](?<minutes>[0-9]{2}:[0-9]{2})(?:(?<seconds>:[0-9]{2})(?<fraction>\.[0-9]{1,30})?)?(?<zone>[Zz]|[+-][0-9]{2}:[0-9]{2})\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex Form { get; }
}
