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
using Registry.Core.Objects;
using Registry.Core.Policies;
using Registry.Core.Policies.Retention;
using Registry.Core.Repositories;
using Registry.Core.SmallContent;
using Registry.Core.Space;
using Registry.Core.Storage;
using Registry.Core.Trash;
using Registry.Core.Uploads.Sessions;

namespace Registry.Storage.Metadata;

/// <summary>Ports of an engine of metadata.</summary>
internal sealed record MetadataPorts
{
    public required IMetadataStore Metadata { get; init; }

    public required ICollectorMetadata Collector { get; init; }

    public required IMetadataListing Listing { get; init; }

    public required IIndexTarget IndexTarget { get; init; }

    public required IChangeFeed Changes { get; init; }

    public required ITagHistory History { get; init; }

    public required IActivity Activity { get; init; }

    public required ITrash Trash { get; init; }

    public required IRepositories Repositories { get; init; }

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

    /// <summary>Sessions of uploads in progress.</summary>
    public required IUploadSessions Sessions { get; init; }

    /// <summary>Small content whose bytes are in the metadata.</summary>
    public required IStagedContent Staged { get; init; }

    /// <summary>Keys of a bucket.</summary>
    public required IObjectLedger Objects { get; init; }

    public required IGraceClock Clock { get; init; }
}
