using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging;
using Registry.Core.Configuration;
using Registry.Core.Metadata;
using Registry.Server.Configuration.Values;

namespace Registry.Server.Configuration;

/// <summary>Kinds of values of settings. Words are not case-sensitive, since operators write INFO and True.</summary>
internal static class SettingKinds
{
    private const long MiB = 1024 * 1024;
    private static readonly TimeSpan LongestTime = TimeSpan.FromSeconds(int.MaxValue);

    /// <summary>On or off.</summary>
    public static SettingKind<bool> Switch { get; } = new(
        "true or false (also yes, no, on, off, 1 and 0)",
        (string text, out bool value) => TryParseSwitch(text, out value),
        value => value ? "true" : "false")
    {
        Words = ["true", "false"],
    };

    /// <summary>Least severe level that is logged.</summary>
    public static SettingKind<LogLevel> LogLevel { get; } = Choice(
        [
            ("debug", Microsoft.Extensions.Logging.LogLevel.Debug), ("info", Microsoft.Extensions.Logging.LogLevel.Information),
            ("warn", Microsoft.Extensions.Logging.LogLevel.Warning), ("error", Microsoft.Extensions.Logging.LogLevel.Error),
        ],
        ("information", Microsoft.Extensions.Logging.LogLevel.Information),
        ("warning", Microsoft.Extensions.Logging.LogLevel.Warning));

    /// <summary>Format of log lines.</summary>
    public static SettingKind<LogFormat> LogFormat { get; } = Choice([("text", Values.LogFormat.Text), ("json", Values.LogFormat.Json)]);

    /// <summary>Transports that this operating system supports.</summary>
    public static SettingKind<TransportKind> Transport { get; } = Choice(
        OperatingSystem.IsLinux()
            ? new[] { ("direct", TransportKind.Direct), ("kestrel", TransportKind.Kestrel) }
            : [("kestrel", TransportKind.Kestrel)]);

    /// <summary>References that must exist when a manifest is pushed.</summary>
    public static SettingKind<ManifestReferences> References { get; } = Choice(
        [("strict", ManifestReferences.Strict), ("sparse-index", ManifestReferences.SparseIndex), ("sparse", ManifestReferences.Sparse)]);

    /// <summary>Address to listen on.</summary>
    public static SettingKind<string> Host { get; } = new("an IP address, localhost or *", (string text, out string value) =>
    {
        value = text.Equals("localhost", StringComparison.OrdinalIgnoreCase) ? "localhost" : text;
        return value is "localhost" or "*" || IPAddress.TryParse(text, out _);
    });

    /// <summary>TCP port; 0 lets the system choose.</summary>
    public static SettingKind<long> Port { get; } = Number(0, 65535, "a port");

    /// <summary>Addresses and networks.</summary>
    public static SettingKind<ProxyList> Proxies { get; } = new(
        "IP addresses and networks such as 10.0.0.0/8, separated by commas",
        (string text, out ProxyList value) => (value = ProxyList.Parse(text)!) is not null);

    /// <summary>Origins of web pages.</summary>
    public static SettingKind<OriginList> Origins { get; } = new(
        "origins such as https://ui.example.com, without a path, separated by commas; or * for any",
        (string text, out OriginList value) => (value = OriginList.Parse(text)!) is not null);

    /// <summary>Rate in MiB a second, as a number or a size.</summary>
    public static SettingKind<long> MegabytesPerSecond { get; } = new(
        "a number of MiB a second from 1 to 100000, also written as 50MiB/s",
        (string text, out long value) =>
        {
            var isNumber = Number(1, 100_000).TryParse(text, out value);
            if (!isNumber && ByteSize.TryParse(text.EndsWith("/s", StringComparison.OrdinalIgnoreCase) ? text[..^2] : text, out var bytes))
            {
                value = bytes / MiB;
                return bytes % MiB == 0 && value is >= 1 and <= 100_000;
            }

            return isNumber;
        },
        value => $"{value.ToString(CultureInfo.InvariantCulture)}MiB/s");

    /// <summary>One word of a list.</summary>
    /// <param name="words">Documented words, in their order.</param>
    /// <param name="aliases">Further accepted words.</param>
    public static SettingKind<T> Choice<T>(IReadOnlyList<(string Word, T Value)> words, params (string Word, T Value)[] aliases)
        where T : notnull
    {
        string[] known = [.. words.Select(word => word.Word)];
        return new SettingKind<T>(
            known.Length == 1 ? known[0] : $"{string.Join(", ", known[..^1])} or {known[^1]}",
            (string text, out T value) =>
            {
                var found = words.Concat(aliases).Where(word => word.Word.Equals(text, StringComparison.OrdinalIgnoreCase)).Take(1).ToArray();
                value = found.Length > 0 ? found[0].Value : default!;
                return found.Length > 0;
            },
            value => words.First(word => EqualityComparer<T>.Default.Equals(word.Value, value)).Word)
        {
            Words = known,
        };
    }

    /// <summary>Number in decimal digits.</summary>
    public static SettingKind<long> Number(long least, long most = long.MaxValue, string what = "a number") => new(
        string.Create(CultureInfo.InvariantCulture, $"{what} from {least}{(most == long.MaxValue ? "" : $" to {most}")}"),
        (string text, out long value) =>
            long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value >= least && value <= most,
        value => value.ToString(CultureInfo.InvariantCulture));

    /// <summary>Size in bytes, with or without a unit.</summary>
    public static SettingKind<long> Size(long least, long most = long.MaxValue) => new(
        $"a size {(most == long.MaxValue ? $"of {ByteSize.Write(least)} or more" : $"from {ByteSize.Write(least)} to {ByteSize.Write(most)}")}, such as 512MB or 10GiB; a number alone is bytes",
        (string text, out long value) => ByteSize.TryParse(text, out value) && value >= least && value <= most,
        ByteSize.Write);

    /// <summary>Time in whole seconds, with or without a unit.</summary>
    public static SettingKind<TimeSpan> Time(TimeSpan least) => new(
        $"a time of {Duration.Write(least)} or more, such as 90s, 24h, 7d or 1h30m; a number alone is seconds",
        (string text, out TimeSpan value) => Duration.TryParse(text, out value) && value >= least && value <= LongestTime,
        Duration.Write);

    /// <summary>Text that a predicate accepts, unchanged.</summary>
    public static SettingKind<string> Text(string allowed, Func<string, bool> isValid) => new(
        allowed,
        (string text, out string value) =>
        {
            value = text;
            return isValid(text);
        });

    private static bool TryParseSwitch(string text, out bool value)
    {
        value = text.ToUpperInvariant() is "TRUE" or "YES" or "ON" or "1";
        return value || text.ToUpperInvariant() is "FALSE" or "NO" or "OFF" or "0";
    }
}
