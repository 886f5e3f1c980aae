using Registry.Core.Fairness;
using Registry.Core.Uploads.Sessions;

namespace Registry.Core.Uploads.InProgress;

/// <summary>
/// Uploads of this process that have received no byte. One that has been so for a minute gives its place to a new one, the oldest first: to one of the same
/// holder or network when that has its share, otherwise of the holder with the most of them when nothing is free. An upload with bytes, or in use, never
/// gives way.
/// </summary>
/// <param name="time">Clock of the idle time.</param>
internal sealed class EmptyUploads(TimeProvider time)
{
    /// <summary>Time for which an upload without a byte keeps its place. Clients send the first byte at once.</summary>
    public static readonly TimeSpan Claim = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<UploadHolder, LinkedList<UploadState>> _holders = [];

    /// <summary>Adds an upload that has just begun.</summary>
    public void Add(UploadState upload)
    {
        lock (_lock)
        {
            if (!_holders.TryGetValue(upload.Holder, out var uploads))
            {
                _holders.Add(upload.Holder, uploads = new LinkedList<UploadState>());
            }

            upload.Place = uploads.AddLast(upload);
        }
    }

    /// <summary>Removes an upload that has received bytes, or has ended. Does nothing if it is not there.</summary>
    public void Remove(UploadState upload)
    {
        lock (_lock)
        {
            if (upload.Place is { List: { } uploads } place)
            {
                upload.Place = null;
                uploads.Remove(place);
                if (uploads.Count == 0)
                {
                    _holders.Remove(upload.Holder);
                }
            }
        }
    }

    /// <summary>Finds the upload that gives way to a new one; null if there is none.</summary>
    /// <param name="holder">Holder of the new one.</param>
    /// <param name="ofHolder">True if only an upload of the holder itself makes room, because the holder has its share: no other ends in vain.</param>
    /// <param name="within">Network that has its share, so that only one of its uploads makes room; null if any does.</param>
    public UploadState? Find(UploadHolder holder, bool ofHolder, ClientNetwork? within)
    {
        lock (_lock)
        {
            var own = _holders.GetValueOrDefault(holder);
            IEnumerable<LinkedList<UploadState>> candidates = ofHolder ? own is null ? [] : [own]
                : _holders.Values.Where(uploads => within is not null || uploads == own || uploads.Count > (own?.Count ?? 0))
                    .OrderByDescending(uploads => uploads.Count);
            return candidates.Select(uploads => OldestIdle(uploads, within)).FirstOrDefault(upload => upload is not null);
        }
    }

    // In the order in which they were begun.
    private UploadState? OldestIdle(LinkedList<UploadState> uploads, ClientNetwork? within)
    {
        for (var place = uploads.First; place is { Value: var upload } && IsOver(upload.BegunAt); place = place.Next)
        {
            if (!upload.IsTaken && upload.Length == 0 && IsOver(upload.LastActivity) && (within is null || upload.Session.Network == within))
            {
                return upload;
            }
        }

        return null;

        bool IsOver(long since) => time.GetElapsedTime(since) >= Claim;
    }
}
