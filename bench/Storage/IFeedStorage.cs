using Registry.Core.Metadata;

namespace Registry.Bench.Storage;

/// <summary>Metadata of <see cref="FeedLoad"/>, with a feed or without one.</summary>
internal interface IFeedStorage : IAsyncDisposable
{
    /// <summary>The metadata.</summary>
    IMetadataStore Metadata { get; }

    /// <summary>Processor time of the server of the database so far, in seconds; 0 if there is none.</summary>
    double ServerSeconds();
}
