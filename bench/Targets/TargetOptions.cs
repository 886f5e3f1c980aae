using System.Globalization;

namespace Registry.Bench.Targets;

/// <summary>What of the targets is measured, and how long.</summary>
internal sealed record TargetOptions
{
    public const string Usage = """
          --quick            blobs of 128 MiB, 3 rounds of 1 s: to see whether it works, not for recording
          --only P1,P4       some targets
          --rounds N         how many times each is measured (5)
          --set NAME=VALUE   a setting of our server, as in --set REGISTRY_LOG_LEVEL=debug; may be repeated
          --to FOLDER        where the results go; otherwise perf-results/<date>-<commit>, or a temporary folder for a run that is not complete
        PEER_BIN names the binary of CNCF distribution 3.
        """;

    /// <summary>The targets that are wanted; empty for all.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>A run that is too short to be recorded.</summary>
    public bool IsQuick { get; init; }

    /// <summary>How many times each work is measured.</summary>
    public int Rounds { get; init; } = 5;

    /// <summary>REGISTRY_ variables for our server.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Where the results go; null for the usual place.</summary>
    public string? Folder { get; init; }

    /// <summary>Whether this is what gets recorded.</summary>
    public bool IsComplete => !IsQuick && Only.Count == 0;

    /// <summary>The size of a large blob in bytes.</summary>
    public long BlobSize => IsQuick ? 128L << 20 : 1L << 30;

    /// <summary>How long a sample of small requests takes.</summary>
    public TimeSpan SampleTime => TimeSpan.FromSeconds(IsQuick ? 1 : 3);

    /// <summary>How many images a sample pushes or pulls.</summary>
    public int Images(bool isFast) => (isFast ? 4 : 1) * (IsQuick ? 100 : 250);

    /// <summary>Reads the arguments.</summary>
    /// <exception cref="ArgumentException">One is unknown.</exception>
    public static TargetOptions Parse(string[] arguments)
    {
        var options = new TargetOptions();
        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        var rounds = 0;
        for (var i = 0; i < arguments.Length; i++)
        {
            switch (arguments[i])
            {
                case "--quick":
                    options = options with { IsQuick = true, Rounds = 3 };
                    break;
                case "--only" when i + 1 < arguments.Length:
                    options = options with { Only = [.. arguments[++i].ToUpperInvariant().Split(',')] };
                    break;
                case "--rounds" when i + 1 < arguments.Length && int.TryParse(arguments[i + 1], CultureInfo.InvariantCulture, out rounds) && rounds > 0:
                    i++;
                    break;
                case "--set" when i + 1 < arguments.Length && arguments[i + 1].Split('=', 2) is [var name, var value]:
                    settings[name] = value;
                    i++;
                    break;
                case "--to" when i + 1 < arguments.Length:
                    options = options with { Folder = arguments[++i] };
                    break;
                default:
                    throw new ArgumentException($"'{arguments[i]}' is not an argument here, or lacks its value.\n{Usage}");
            }
        }

        return options with { Settings = settings, Rounds = rounds > 0 ? rounds : options.Rounds };
    }

    /// <summary>Whether a target is wanted.</summary>
    public bool Wants(string target) => Only.Count == 0 || Only.Contains(target);
}
