using Registry.Core.Access.Sessions;
using Registry.Core.Activity;
using Registry.Core.Blobs;
using Registry.Core.Changes;
using Registry.Core.Collection;
using Registry.Core.Errors;
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
using Registry.Core.Uploads;
using Registry.Core.Verification;

namespace Registry.Core;

/// <summary>Ports of an open storage, as the core uses them. The engines that implement them are chosen where the storage is opened.</summary>
public sealed record StoragePorts
{
    /// <summary>Bytes by digest, with the current state of the disk.</summary>
    public required IBlobStore Blobs { get; init; }

    /// <summary>Bytes for pulls.</summary>
    public required IBlobReader Contents { get; init; }

    /// <summary>Small content whose bytes are in the metadata.</summary>
    public required IStagedContent Staged { get; init; }

    /// <summary>Admits small content into the metadata.</summary>
    public required Staging Staging { get; init; }

    /// <summary>Uploads in progress.</summary>
    public required UploadStore Uploads { get; init; }

    /// <summary>Repositories, manifests, tags and links.</summary>
    public required IMetadataStore Metadata { get; init; }

    /// <summary>Changes of all repositories, for those who follow them.</summary>
    public required IChangeFeed Changes { get; init; }

    /// <summary>Changes of tags and manifests so far.</summary>
    public required ITagHistory History { get; init; }

    /// <summary>What has happened in the repositories.</summary>
    public required IActivity Activity { get; init; }

    /// <summary>Deleted manifests that can be restored.</summary>
    public required ITrash Trash { get; init; }

    /// <summary>Repositories as a whole.</summary>
    public required IRepositories Repositories { get; init; }

    /// <summary>Metadata for the computation of space.</summary>
    public required ISpaceMetadata Space { get; init; }

    /// <summary>Lists of what the registry has.</summary>
    public required IInventory Inventory { get; init; }

    /// <summary>What the mirror knows of mirrored repositories beside their content.</summary>
    public required IMirrorMetadata Mirror { get; init; }

    /// <summary>Last pulls, and what a retention reads and deletes.</summary>
    public required IRetentionMetadata Retention { get; init; }

    /// <summary>What the rules about repositories count and keep.</summary>
    public required IPolicyMetadata Policies { get; init; }

    /// <summary>How far events were sent.</summary>
    public required IEventDeliveries Events { get; init; }

    /// <summary>Log-ins to the web interface.</summary>
    public required IWebSessionStore WebSessions { get; init; }

    /// <summary>Metadata for the collector.</summary>
    public required ICollectorMetadata CollectorMetadata { get; init; }

    /// <summary>Metadata for the verifier.</summary>
    public required IVerifierMetadata VerifierMetadata { get; init; }

    /// <summary>Bytes for the verifier.</summary>
    public required IBlobScrubber Scrubber { get; init; }

    /// <summary>Quarantine of damaged rows.</summary>
    public required IStagedQuarantine Quarantine { get; init; }

    /// <summary>Links to bytes that the metadata does not know; null for a store in which nothing is unknown, since its ledger has every key.</summary>
    public required ILinkSearch? Links { get; init; }

    /// <summary>Indexing of an existing tree.</summary>
    public required IIndexer Indexer { get; init; }

    /// <summary>Threads for work that blocks.</summary>
    public required StorageThreads Threads { get; init; }

    /// <summary>Faults that recur with each request.</summary>
    public required RecurringFaults Faults { get; init; }

    /// <summary>True if other processes use the storage at the same time, and collect in it, too.</summary>
    public bool IsShared { get; init; }

    /// <summary>Clock of grace periods.</summary>
    public required IGraceClock Clock { get; init; }
}
