using System.Text;
using System.Text.RegularExpressions;

namespace Registry.Core.Access;

/// <summary>The users of an htpasswd file, as Apache's tool writes it with <c>-B</c>: a line <c>user:hash</c> each, bcrypt only.</summary>
public sealed partial class Htpasswd
{
    private readonly Dictionary<string, string> _hashes;

    private Htpasswd(Dictionary<string, string> hashes)
    {
        _hashes = hashes;
        MaxCost = hashes.Values.Select(Cost).DefaultIfEmpty(DefaultCost).Max();
    }

    /// <summary>The cost of hashes made here; 2^10 rounds take 50 to 100 ms.</summary>
    public const int DefaultCost = 10;

    /// <summary>The highest cost in the file: what a look-up of an unknown user must cost, too.</summary>
    public int MaxCost { get; }

    /// <summary>The users, in ordinal order.</summary>
    public IEnumerable<string> Users => _hashes.Keys.Order(StringComparer.Ordinal);

    /// <summary>Reads the file's bytes. Empty lines and lines that begin with <c>#</c> are passed over.</summary>
    /// <exception cref="FormatException">Something is wrong; the message has a sentence for each line at fault, and never a hash.</exception>
    public static Htpasswd Read(byte[] content)
    {
        ArgumentNullException.ThrowIfNull(content);
        var hashes = new Dictionary<string, string>(StringComparer.Ordinal);
        var faults = new List<string>();
        var number = 0;
        foreach (var raw in Encoding.UTF8.GetString(content).Split('\n'))
        {
            number++;
            var line = raw.TrimEnd('\r').TrimStart('\uFEFF');
            if (string.IsNullOrWhiteSpace(line) || line.StartsWith('#'))
            {
                continue;
            }

            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0)
            {
                faults.Add($"line {number}: not of the form user:hash");
            }
            else if (!Bcrypt().IsMatch(line.AsSpan(colon + 1)))
            {
                faults.Add($"line {number}: the hash of '{line[..colon]}' is not bcrypt ($2y$, $2a$ or $2b$); make it with htpasswd -B");
            }
            else if (!hashes.TryAdd(line[..colon], line[(colon + 1)..]))
            {
                faults.Add($"line {number}: user '{line[..colon]}' is there twice");
            }
        }

        return faults.Count == 0 ? new Htpasswd(hashes) : throw new FormatException(string.Join("; ", faults));
    }

    /// <summary>The hash of a user; null for an unknown one.</summary>
    public string? FindHash(string user) => _hashes.GetValueOrDefault(user);

    private static int Cost(string hash) => int.Parse(hash.AsSpan(4, 2), System.Globalization.CultureInfo.InvariantCulture);

    // The cost is capped where a single look-up would take seconds.
    [GeneratedRegex(@"^\$2[aby]\$(0[4-9]|1[0-6])\$[./A-Za-z0-9]{53}\z")]
    private static partial Regex Bcrypt();
}
