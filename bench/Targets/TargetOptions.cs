using System.Globalization;

namespace Registry.Bench.Targets;

/// <summary>Options of a run of the targets.</summary>
internal sealed record TargetOptions
{
    public const string Usage = """
          --quick            blobs of 128 MiB, 3 rounds, samples of 1 s; the results are not recorded
          --only P1,P4       only these targets
          --profile          a profile of the registry for each work, in a round of its own; needs perf
          --rounds N         number of times that each work is measured (default: 5)
          --set NAME=VALUE   a setting of the registry, such as REGISTRY_LOG_LEVEL=debug; may be repeated
          --to FOLDER        folder for the results (default: perf-results/<date>-<commit>, or a temporary folder if the run is not complete)
        Variables with paths of programs: REGISTRY_PROGRAM, the published registry (default: published from the sources);
        PEER_BIN, CNCF distribution 3; ZOT_BIN, zot; OLAREG_BIN, olareg.
        """;

    /// <summary>Targets to measure; empty for all.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>True for a short run, which is not recorded.</summary>
    public bool IsQuick { get; init; }

    /// <summary>True for profiles of the registry.</summary>
    public bool Profiles { get; init; }

    /// <summary>Number of times that each work is measured.</summary>
    public int Rounds { get; init; } = 5;

    /// <summary>REGISTRY_ variables for the registry.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Folder for the results; null for the default.</summary>
    public string? Folder { get; init; }

    /// <summary>True for a run of all targets at full length, which can be recorded.</summary>
    public bool IsComplete => !IsQuick && Only.Count == 0;

    /// <summary>The size of a large blob in bytes.</summary>
    public long BlobSize => IsQuick ? 128L << 20 : 1L << 30;

    /// <summary>The size of a large blob in an S3 store in memory, which has to hold those of all rounds.</summary>
    public long StoredBlobSize => IsQuick ? 64L << 20 : 256L << 20;

    /// <summary>Duration of a sample of small requests.</summary>
    public TimeSpan SampleTime => TimeSpan.FromSeconds(IsQuick ? 1 : 2);

    /// <summary>Number of images that a sample pushes or pulls.</summary>
    public int Images(bool isFast) => (isFast ? 4 : 1) * (IsQuick ? 100 : 250);

    /// <summary>Reads the arguments.</summary>
    /// <exception cref="ArgumentException">An argument is unknown or lacks its value.</exception>
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
                case "--profile":
                    options = options with { Profiles = true };
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
                    throw new ArgumentException($"'{arguments[i]}' is not an option, or lacks its value.\n{Usage}");
            }
        }

        return options with { Settings = settings, Rounds = rounds > 0 ? rounds : options.Rounds };
    }

    /// <summary>True when one of the targets is to be measured.</summary>
    public bool Wants(params ReadOnlySpan<string> targets)
    {
        foreach (var target in targets)
        {
            if (Only.Count == 0 || Only.Contains(target))
            {
                return true;
            }
        }

        return false;
    }
}
