using Registry.Core.Fairness;

namespace Registry.Core.Uploads;

/// <summary>
/// Counts the uploads in progress. A holder may have a third as many as are still free, which is a quarter of all for a single holder and less
/// the more others have, but <see cref="Least"/> in any case. All holders of one network together may have as many as are still free, so that many users of one
/// network do not take what others need. The last sixteenth is for holders and networks with fewer than <see cref="Least"/>, so that many of both leave some to
/// a new one.
/// </summary>
/// <remarks>
/// The share shrinks with the room that is left, so that twenty holders who take all they can still leave room for the next. Switches divide
/// their memory between ports in the same way (Choudhury and Hahne, "Dynamic queue length thresholds", 1998). An upload that has received no
/// byte for a minute gives its place to a new one, the oldest first: to one of the same holder or network when that has its share, otherwise of the holder with
/// the most when nothing is free. An upload with bytes, or in use, never gives way.
/// </remarks>
/// <param name="max">Largest number of uploads in progress.</param>
/// <param name="time">Clock of the idle time.</param>
internal sealed class UploadShares(int max, TimeProvider time)
{
    /// <summary>Time for which an upload without a byte keeps its place. Clients send the first byte at once.</summary>
    public static readonly TimeSpan Claim = TimeSpan.FromMinutes(1);

    /// <summary>Number of uploads that a holder may have as long as any is free: a client pushes up to five layers at a time.</summary>
    public const int Least = 16;

    private const int PartOfFree = 3;

    // Of all uploads. Forty networks would have to take their part of it to leave none.
    private const int PartInReserve = 16;

    private readonly Lock _lock = new();
    private readonly Dictionary<UploadHolder, Share> _shares = [];
    private readonly Dictionary<ClientNetwork, int> _networks = [];
    private int _count;

    /// <summary>Number of uploads of all holders.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Number of uploads of a holder.</summary>
    public int CountOf(UploadHolder holder)
    {
        lock (_lock)
        {
            return _shares.TryGetValue(holder, out var share) ? share.Count : 0;
        }
    }

    /// <summary>True if all holders of a network together have its share.</summary>
    public bool IsUsedBy(ClientNetwork network)
    {
        lock (_lock)
        {
            return HasShare(network);
        }
    }

    /// <summary>Takes a place for an upload; false if the holder or its network has its share, or none is left.</summary>
    /// <param name="holder">The holder.</param>
    /// <param name="network">Network of the caller; an unknown one has no share.</param>
    /// <param name="lesser">The upload whose place the new one may have instead, when it has ended; null if there is none.</param>
    public bool TryTake(UploadHolder holder, ClientNetwork network, out UploadState? lesser)
    {
        lock (_lock)
        {
            lesser = null;
            if (_count >= max || HasShare(holder) || HasShare(network))
            {
                lesser = FindLesser(holder, network);
                return false;
            }

            Add(holder, network);
            return true;
        }
    }

    /// <summary>Takes the place of an upload that has given way, whatever the shares; false if another caller was faster.</summary>
    public bool TryReplace(UploadHolder holder, ClientNetwork network)
    {
        lock (_lock)
        {
            if (_count >= max)
            {
                return false;
            }

            Add(holder, network);
            return true;
        }
    }

    /// <summary>Takes the place of an upload of a previous process, and more than there are if need be.</summary>
    public void Take(UploadHolder holder)
    {
        lock (_lock)
        {
            Take(holder, _shares.GetValueOrDefault(holder));
        }
    }

    /// <summary>Gives back a place for which no upload was begun.</summary>
    public void GiveBack(UploadHolder holder, ClientNetwork network)
    {
        lock (_lock)
        {
            GiveBack(holder, _shares[holder], network);
        }
    }

    /// <summary>Puts an upload on the place that was taken for it.</summary>
    public void Begin(UploadState upload)
    {
        lock (_lock)
        {
            upload.Place = _shares[upload.Holder].Empty.AddLast(upload);
        }
    }

    /// <summary>Gives back the place of an upload that has ended.</summary>
    public void End(UploadState upload)
    {
        lock (_lock)
        {
            var share = _shares[upload.Holder];
            LeaveEmpty(share, upload);
            GiveBack(upload.Holder, share, upload.Network);
        }
    }

    private bool IsScarce => max - _count <= max / PartInReserve;

    private bool HasShare(UploadHolder holder) =>
        _shares.TryGetValue(holder, out var share) && share.Count >= (IsScarce ? Least : Math.Max(Least, (max - _count) / PartOfFree));

    private bool HasShare(ClientNetwork network) =>
        network != ClientNetwork.Unknown && _networks.GetValueOrDefault(network) >= (IsScarce ? Least : Math.Max(Least, max - _count));

    // Only what the caller has itself makes room in its share, so that no other upload ends in vain.
    private UploadState? FindLesser(UploadHolder holder, ClientNetwork network)
    {
        var own = _shares.GetValueOrDefault(holder);
        ClientNetwork? within = HasShare(network) ? network : null;
        IEnumerable<Share> candidates = own is not null && HasShare(holder) ? [own]
            : within is not null ? _shares.Values.OrderByDescending(share => share.Count)
            : _shares.Values.Where(share => share == own || share.Count > (own?.Count ?? 0)).OrderByDescending(share => share.Count);
        return candidates.Select(share => OldestIdle(share, within)).FirstOrDefault(upload => upload is not null);
    }

    private void Add(UploadHolder holder, ClientNetwork network)
    {
        Take(holder, _shares.GetValueOrDefault(holder));
        if (network != ClientNetwork.Unknown)
        {
            _networks[network] = _networks.GetValueOrDefault(network) + 1;
        }
    }

    private void Take(UploadHolder holder, Share? share)
    {
        if (share is null)
        {
            _shares.Add(holder, share = new Share());
        }

        share.Count++;
        _count++;
    }

    private void GiveBack(UploadHolder holder, Share share, ClientNetwork network)
    {
        _count--;
        if (_networks.TryGetValue(network, out var count))
        {
            _networks[network] = count - 1;
            if (count == 1)
            {
                _networks.Remove(network);
            }
        }

        if (--share.Count == 0)
        {
            _shares.Remove(holder);
        }
    }

    // In the order in which they were begun. Those that have bytes by now leave the list.
    private UploadState? OldestIdle(Share share, ClientNetwork? network)
    {
        for (var place = share.Empty.First; place is { Value: var upload } && time.GetElapsedTime(upload.BegunAt) >= Claim;)
        {
            place = place.Next;
            if (upload.Length > 0)
            {
                LeaveEmpty(share, upload);
            }
            else if (!upload.IsTaken && time.GetElapsedTime(upload.LastActivity) >= Claim && (network is null || upload.Network == network))
            {
                return upload;
            }
        }

        return null;
    }

    private static void LeaveEmpty(Share share, UploadState upload)
    {
        if (upload.Place is { } place)
        {
            share.Empty.Remove(place);
            upload.Place = null;
        }
    }

    private sealed class Share
    {
        public int Count { get; set; }

        /// <summary>Uploads that had no byte when they were last looked at.</summary>
        public LinkedList<UploadState> Empty { get; } = new();
    }
}
