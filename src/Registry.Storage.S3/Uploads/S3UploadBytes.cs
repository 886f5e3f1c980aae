using Registry.Core.Uploads;
using Registry.Storage.S3.Requests;

namespace Registry.Storage.S3.Uploads;

/// <summary>
/// Keeps the bytes of uploads in progress as objects: parts of a multipart upload, and a rest. Their rows tell which they are, so that any process goes on where
/// another one ended.
/// </summary>
/// <param name="site">What all uploads share.</param>
internal sealed class S3UploadBytes(UploadSite site) : IUploadBytes
{
    // The store does not count bytes that it has not acknowledged.
    public long PositionLag => 0;

    private S3Circuit Circuit => site.Client.Circuit;

    public ValueTask EnsureOpenAsync()
    {
        Circuit.ThrowIfOpen(isRequest: false);
        return ValueTask.CompletedTask;
    }

    public ValueTask EnsureRoomAsync() => EnsureOpenAsync();

    public IReadOnlyDictionary<Guid, long> Recover(IReadOnlyCollection<Guid> sessions) => site.Ledger.TakeAll(sessions, site.Process);

    public async Task<long> TakeOverAsync(Guid id) => (await StoredUpload.TakeAsync(site, id)).State.Length;

    public IUploadContent Open(Guid id, long length) => new S3UploadContent(site, id, length);

    public async Task DiscardAsync(Guid id)
    {
        // Another process that has taken the upload over keeps it.
        if (await site.Ledger.EndAsync(id, site.Process) is { } due)
        {
            await site.Deletions.TryDeleteAsync(due);
        }
    }
}
