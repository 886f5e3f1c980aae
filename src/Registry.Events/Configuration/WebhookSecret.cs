using System.Security.Cryptography;
using System.Text;

namespace Registry.Events.Configuration;

/// <summary>Secret by which events are signed (Standard Webhooks 1.0, "Symmetric"): <c>whsec_</c> and 24 to 64 bytes in base64. Its text is never shown.</summary>
public sealed class WebhookSecret
{
    /// <summary>Form of a secret, for messages.</summary>
    public const string Form = "whsec_ and 24 to 64 random bytes in base64, for example the output of: echo whsec_$(openssl rand -base64 32)";

    private const string Prefix = "whsec_";
    private const int Least = 24;
    private const int Most = 64;

    private readonly byte[] _key;

    private WebhookSecret(byte[] key) => _key = key;

    /// <summary>Parses a secret; null if it is none.</summary>
    public static WebhookSecret? TryParse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var key = new byte[Most];
        return text.StartsWith(Prefix, StringComparison.Ordinal) && Convert.TryFromBase64String(text[Prefix.Length..], key, out var length) && length >= Least
            ? new WebhookSecret(key[..length])
            : null;
    }

    /// <summary>Parses a file of secrets, each in a line; the first one is the newest. Null if a line is none, or there is none.</summary>
    public static IReadOnlyList<WebhookSecret>? TryParseFile(ReadOnlySpan<byte> content)
    {
        var lines = Encoding.UTF8.GetString(content).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var secrets = lines.Select(TryParse).OfType<WebhookSecret>().ToList();
        return secrets.Count == lines.Length && secrets.Count is > 0 and <= MaxInFile ? secrets : null;
    }

    /// <summary>Largest number of secrets in a file.</summary>
    public const int MaxInFile = 8;

    /// <summary>Signs an event.</summary>
    /// <param name="id">Value of <c>webhook-id</c>.</param>
    /// <param name="timestamp">Value of <c>webhook-timestamp</c>: Unix time in seconds.</param>
    /// <param name="body">The body.</param>
    /// <returns>The signature with its version, as in <c>webhook-signature</c>.</returns>
    public string Sign(string id, long timestamp, ReadOnlySpan<byte> body)
    {
        using var mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key);
        mac.AppendData(Encoding.UTF8.GetBytes(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{id}.{timestamp}.")));
        mac.AppendData(body);
        return $"v1,{Convert.ToBase64String(mac.GetHashAndReset())}";
    }
}
