using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Registry.Core.Access.Rules;

namespace Registry.Core.Access.Passwords;

/// <summary>Users of an htpasswd file as Apache's tool writes it with <c>-B</c>: one line <c>user:hash</c> for each user, bcrypt only.</summary>
public sealed partial class Htpasswd
{
    private const int Length = 60;
    private const int MinCost = 4;
    private const int FingerprintBytes = 16;

    // A check with a higher cost would take seconds.
    private const int MaxAllowedCost = 16;

    private readonly Dictionary<string, string> _hashes;

    private Htpasswd(Dictionary<string, string> hashes, IReadOnlyList<CostlyLine> costlyLines)
    {
        _hashes = hashes;
        CostlyLines = costlyLines;
        MaxCost = hashes.Values.Select(CostOf).DefaultIfEmpty(DefaultCost).Max();
    }

    /// <summary>Cost of the hashes that the registry makes; 2^10 rounds take 50 to 100 ms.</summary>
    public const int DefaultCost = 10;

    /// <summary>Length of the longest password, in bytes of UTF-8: bcrypt silently ignores the rest of a longer one.</summary>
    public const int MaxPasswordBytes = 72;

    /// <summary>Highest cost that needs no warning: 2^12 rounds take 200 to 400 ms, and every refusal takes as long as the highest cost in the file.</summary>
    public const int MaxQuickCost = 12;

    /// <summary>Highest cost in the file; a check for an unknown user must cost as much.</summary>
    public int MaxCost { get; }

    /// <summary>Lines whose hash costs more than <see cref="MaxQuickCost"/>, in the order of the file.</summary>
    public IReadOnlyList<CostlyLine> CostlyLines { get; }

    /// <summary>Users, in ordinal order.</summary>
    public IEnumerable<string> Users => _hashes.Keys.Order(StringComparer.Ordinal);

    /// <summary>Reads the file's bytes. Skips a byte-order mark at its beginning, empty lines and lines that begin with <c>#</c>.</summary>
    /// <exception cref="FormatException">The file is invalid; the message has a clause for each faulty line, and never a hash.</exception>
    public static Htpasswd Read(byte[] content)
    {
        ArgumentNullException.ThrowIfNull(content);
        var hashes = new Dictionary<string, string>(StringComparer.Ordinal);
        var faults = new List<string>();
        var costly = new List<CostlyLine>();
        var number = 0;
        foreach (var raw in Encoding.UTF8.GetString(content).Split('\n'))
        {
            number++;
            var line = (number == 1 && raw.StartsWith('\uFEFF') ? raw[1..] : raw).TrimEnd('\r');
            if (string.IsNullOrWhiteSpace(line) || line.StartsWith('#'))
            {
                continue;
            }

            if (Fault(line, out var user) is { } fault)
            {
                faults.Add($"line {number}: {fault}");
            }
            else if (!hashes.TryAdd(user, line[(user.Length + 1)..]))
            {
                faults.Add($"line {number}: user '{user}' is listed twice");
            }
            else if (CostOf(hashes[user]) is > MaxQuickCost and var cost)
            {
                costly.Add(new CostlyLine(number, user, cost));
            }
        }

        return faults.Count == 0 ? new Htpasswd(hashes, costly) : throw new FormatException(string.Join("; ", faults));
    }

    /// <summary>Hash of a user; null for an unknown user.</summary>
    public string? FindHash(string user) => _hashes.GetValueOrDefault(user);

    /// <summary>Fingerprint of a user's line, which changes with the password; null for an unknown user. It tells nothing about the hash.</summary>
    public string? FindFingerprint(string user) => FindHash(user) is { } hash
        ? Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{user}\0{hash}")).AsSpan(0, FingerprintBytes))
        : null;

    /// <summary>Cost of a hash: a check takes 2 to this power rounds.</summary>
    internal static int CostOf(string hash) => int.Parse(hash.AsSpan(4, 2), System.Globalization.CultureInfo.InvariantCulture);

    private static string? Fault(string line, out string user)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        user = colon < 0 ? string.Empty : line[..colon];
        if (colon <= 0)
        {
            return "not of the form user:hash";
        }

        if (user.Contains('\uFFFD', StringComparison.Ordinal))
        {
            return $"the name '{user}' is not valid UTF-8";
        }

        if (UserName.FaultOf(user) is { } fault)
        {
            return user.StartsWith('\uFEFF') ? "begins with a byte-order mark (U+FEFF), which is allowed in line 1 only; remove it" : $"the name '{user}' {fault}";
        }

        var hash = line.AsSpan(colon + 1);
        if (!Bcrypt().IsMatch(hash))
        {
            return hash.Length > Length && Bcrypt().IsMatch(hash[..Length])
                ? $"there is text after the hash of '{user}'"
                : $"the hash of '{user}' is not bcrypt ($2y$, $2a$ or $2b$); make it with htpasswd -B";
        }

        return CostOf(line[(colon + 1)..]) is < MinCost or > MaxAllowedCost
            ? $"the hash of '{user}' has a cost of {CostOf(line[(colon + 1)..])}; allowed: {MinCost} to {MaxAllowedCost}"
            : null;
    }

    [GeneratedRegex(@"^\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}\z")]
    private static partial Regex Bcrypt();
}
