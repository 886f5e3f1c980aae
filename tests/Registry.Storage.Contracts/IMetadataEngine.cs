using Registry.Core.Access.Sessions;
using Registry.Core.Activity;
using Registry.Core.Changes;
using Registry.Core.Collection;
using Registry.Core.Events;
using Registry.Core.History;
using Registry.Core.Indexing;
using Registry.Core.Inventory;
using Registry.Core.Metadata;
using Registry.Core.Mirroring;
using Registry.Core.Policies;
using Registry.Core.Policies.Retention;
using Registry.Core.Repositories;
using Registry.Core.SmallContent;
using Registry.Core.Space;
using Registry.Core.Storage;
using Registry.Core.Trash;
using Registry.Core.Uploads.Sessions;
using Registry.Core.Verification;

namespace Registry.Storage.Contracts;

/// <summary>Metadata engine under a contract suite: empty at first, removed when it is disposed.</summary>
public interface IMetadataEngine : IAsyncDisposable
{
    IMetadataStore Metadata { get; }

    ICollectorMetadata Collector { get; }

    IVerifierMetadata Verifier { get; }

    IChangeFeed Feed { get; }

    ITagHistory History { get; }

    IActivity Activity { get; }

    ITrash Trash { get; }

    IRepositories Repositories { get; }

    ISpaceMetadata Space { get; }

    IInventory Inventory { get; }

    IMirrorMetadata Mirror { get; }

    IRetentionMetadata Retention { get; }

    IPolicyMetadata Policies { get; }

    IEventDeliveries Events { get; }

    IWebSessionStore WebSessions { get; }

    IIndexTarget IndexTarget { get; }

    /// <summary>Rules about changes, which allow everything until a test sets them.</summary>
    ContractRules Rules { get; }

    IUploadSessions Sessions { get; }

    IStagedContent Staged { get; }

    IMetadataListing Listing { get; }

    IGraceClock Clock { get; }

    /// <summary>Reads the totals of the storage.</summary>
    Task<StorageTotals> ReadTotalsAsync();

    /// <summary>Waits until <see cref="Feed"/> has everything that was committed before, and has told its listeners.</summary>
    Task SettleFeedAsync();

    /// <summary>Closes the engine and opens it on the same storage, as a restart of the server does.</summary>
    /// <param name="cleanly">False for a server that was killed.</param>
    Task ReopenAsync(bool cleanly = true);

    /// <summary>Takes a snapshot, which is removed with the engine.</summary>
    Task<IMetadataSnapshot> TakeSnapshotAsync();

    /// <summary>Number of commits so far that survive a power cut.</summary>
    long SyncedCommits { get; }

    /// <summary>The wall clock, as Unix time in seconds.</summary>
    long UnixTime { get; }

    /// <summary>Advances the wall clock and, while the engine is open, <see cref="Clock"/>, by whole seconds. Nothing else does.</summary>
    Task AdvanceAsync(TimeSpan time);
}
