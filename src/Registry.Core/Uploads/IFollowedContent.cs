using Registry.Core.Blobs;

namespace Registry.Core.Uploads;

/// <summary>Received bytes of an upload that others read while more arrive.</summary>
public interface IFollowedContent : IUploadContent
{
    /// <summary>
    /// Opens the bytes that were received; null while there are none, and once they have become a blob or were discarded. Any thread may call this. The source stays readable, also what is appended
    /// later, up to <see cref="IUploadContent.Length"/> at the time of a copy. The caller disposes it.
    /// </summary>
    Task<BlobSource?> OpenReceivedAsync();
}
