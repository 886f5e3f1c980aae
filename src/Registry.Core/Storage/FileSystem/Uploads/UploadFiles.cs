using Registry.Core.SmallContent;
using Registry.Core.Storage.FileSystem.Blobs;

namespace Registry.Core.Storage.FileSystem.Uploads;

/// <summary>Services that every upload needs to turn received bytes into a blob.</summary>
internal sealed record UploadFiles(StorageThreads Threads, BlobPlacement Placement, Admission Admission, Staging Staging, long MaxLength);
