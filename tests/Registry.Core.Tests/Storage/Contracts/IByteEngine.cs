using Registry.Core.Storage;

namespace Registry.Core.Tests.Storage.Contracts;

/// <summary>An engine that keeps bytes, as the contract suites open it: empty at first, gone when it is disposed.</summary>
public interface IByteEngine : IAsyncDisposable
{
    IBlobStore Blobs { get; }

    IUploadStore Uploads { get; }

    /// <summary>The metadata beside it, which remembers the sessions of uploads.</summary>
    IMetadataStore Metadata { get; }

    /// <summary>Closes the engine and opens it on the same storage, as a restart of the server does.</summary>
    Task ReopenAsync();

    /// <summary>Lets time pass.</summary>
    void Advance(TimeSpan time);
}
