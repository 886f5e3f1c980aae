using Registry.Core.SmallContent;
using Registry.Core.Storage;
using Registry.Storage.Files.Blobs;

namespace Registry.Storage.Files.Uploads;

/// <summary>Services that every upload needs to turn received bytes into a blob.</summary>
internal sealed record UploadFiles(StorageThreads Threads, BlobPlacement Placement, Admission Admission, Staging Staging, long MaxLength);
