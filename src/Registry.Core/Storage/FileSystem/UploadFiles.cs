namespace Registry.Core.Storage.FileSystem;

/// <summary>Services that every upload needs to turn received bytes into a blob.</summary>
internal sealed record UploadFiles(StorageThreads Threads, BlobPlacement Placement, Admission Admission, Staging Staging, long MaxLength);
