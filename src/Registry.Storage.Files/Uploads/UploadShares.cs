using Registry.Core.Fairness;
using Registry.Core.Uploads;

namespace Registry.Storage.Files.Uploads;

/// <summary>
/// Counts the uploads in progress. A holder may have a third as many as are still free, which is a quarter of all for a single holder and less
/// the more others have, but <see cref="Least"/> in any case. All holders of one network together may have as many as are still free, so that many users of one
/// network do not take what others need.
/// </summary>
/// <remarks>
/// The share shrinks with the room that is left, so that twenty holders who take all they can still leave room for the next. Switches divide
/// their memory between ports in the same way (Choudhury and Hahne, "Dynamic queue length thresholds", 1998). An upload that has received no
/// byte for a minute gives way to a new one, the oldest first: one of the holder with the most when nothing is free, and the holder's own when it
/// has its share. An upload with bytes, or in use, never gives way.
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

    // Of all uploads. When others have nearly all, the users behind one proxy still have some each.
    private const int LeastPartOfNetwork = 16;

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
    public bool TryTake(UploadHolder holder, ClientNetwork network)
    {
        lock (_lock)
        {
            var share = _shares.GetValueOrDefault(holder);
            var free = max - _count;
            if (free <= 0 || (share?.Count ?? 0) >= Math.Max(Least, free / PartOfFree) || HasShare(network))
            {
                return false;
            }

            Take(holder, share);
            if (network != ClientNetwork.Unknown)
            {
                _networks[network] = _networks.GetValueOrDefault(network) + 1;
            }

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

    /// <summary>Returns the upload that gives way to a new one of a holder; null if there is none.</summary>
    public UploadState? FindLesser(UploadHolder holder, ClientNetwork network)
    {
        lock (_lock)
        {
            var own = _shares.GetValueOrDefault(holder);
            if (HasShare(network))
            {
                // Only one of the network makes room in its share.
                return _shares.Values.OrderByDescending(share => share.Count).Select(OldestIdle).FirstOrDefault(upload => upload?.Network == network);
            }

            var most = _count < max ? null : _shares.Values.MaxBy(share => share.Count);
            return (most?.Count > (own?.Count ?? 0) ? OldestIdle(most) : null) ?? (own is null ? null : OldestIdle(own));
        }
    }

    private bool HasShare(ClientNetwork network) =>
        network != ClientNetwork.Unknown && _networks.GetValueOrDefault(network) >= Math.Max(Math.Max(Least, max / LeastPartOfNetwork), max - _count);

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

    // In the order in which they were begun; those that were used later stand at the end, and those with bytes have left.
    private UploadState? OldestIdle(Share share)
    {
        for (var left = share.Empty.Count; left > 0; left--)
        {
            var upload = share.Empty.First!.Value;
            if (upload.Length > 0)
            {
                LeaveEmpty(share, upload);
            }
            else if (!upload.IsTaken && time.GetElapsedTime(upload.LastActivity) >= Claim)
            {
                return upload;
            }
            else if (time.GetElapsedTime(upload.BegunAt) < Claim)
            {
                return null;
            }
            else
            {
                share.Empty.RemoveFirst();
                share.Empty.AddLast(upload.Place!);
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
