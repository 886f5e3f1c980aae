using Registry.Core.Changes;
using Registry.Core.Metadata;
using Registry.Core.Policies;
using Registry.Core.Policies.Rules;
using Registry.Core.Storage;
using Registry.Core.Verification;

namespace Registry.Core;

/// <summary>Settings of the core. The defaults are those of the settings of the server that they come from.</summary>
public sealed record CoreSettings
{
    /// <summary>Limits for clients on the use of the storage.</summary>
    public StorageLimits Limits { get; init; } = new();

    /// <summary>References that must exist when a manifest is pushed.</summary>
    public ManifestReferences References { get; init; } = ManifestReferences.SparseIndex;

    /// <summary>Size of a page when the client requests none.</summary>
    public int DefaultPageSize { get; init; } = 100;

    /// <summary>Size of the largest page.</summary>
    public int MaxPageSize { get; init; } = 1000;

    /// <summary>Time after its last byte at which an upload expires.</summary>
    public TimeSpan UploadTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Running time for which content is kept that nothing needs.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Running time for which deleted manifests can be restored; zero for none: a deletion is final.</summary>
    public TimeSpan Trash { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Returns true while the registry must not be changed: nothing is collected, and answers record no promises.</summary>
    public Func<bool> IsReadOnly { get; init; } = static () => false;

    /// <summary>Origin of what the collector removes.</summary>
    public ChangeOrigin CollectorOrigin { get; init; } = ChangeOrigin.Collector;

    /// <summary>Rules about changes that the engine of the metadata asks.</summary>
    public IChangeRules ChangeRules { get; init; } = NoRules.Instance;

    /// <summary>Returns the rules about repositories that are in force.</summary>
    public Func<PolicyRules> Policies { get; init; } = static () => PolicyRules.None;

    /// <summary>Running time from one computation of space to the next; zero for computations only when they are asked for.</summary>
    public TimeSpan SpacePeriod { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Running time within which all stored content is verified.</summary>
    public TimeSpan VerifyPeriod { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Highest read rate of verification, in bytes a second.</summary>
    public long VerifyBytesPerSecond { get; init; } = Pace.Unlimited;
}
