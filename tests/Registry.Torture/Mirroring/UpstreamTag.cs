namespace Registry.Torture.Mirroring;

/// <summary>A tag of the upstream. Its versions are images that it named, and <see cref="UpstreamContent.Absent"/>; no image comes twice.</summary>
#pragma warning disable CA1001 // The semaphore has nothing to dispose without its wait handle.
internal sealed class UpstreamTag(string repository, string name)
#pragma warning restore CA1001
{
    private readonly SemaphoreSlim _changing = new(1);
    private readonly List<string> _versions = [UpstreamContent.Absent];
    private int _seen;

    public string Repository => repository;

    public string Name => name;

    /// <summary>The version that the upstream has, when nothing changes it.</summary>
    public string Current
    {
        get
        {
            lock (_versions)
            {
                return _versions[^1];
            }
        }
    }

    /// <summary>Newest version that a client has got from the mirror: no answer to a later request is older.</summary>
    public int Seen
    {
        get
        {
            lock (_versions)
            {
                return _seen;
            }
        }
    }

    /// <summary>Makes another version; none if it is the current one.</summary>
    public async Task ChangeAsync(string version, Func<Task> change)
    {
        await _changing.WaitAsync();
        try
        {
            lock (_versions)
            {
                if (_versions[^1] == version)
                {
                    return;
                }

                // Clients may get it before its push is answered.
                _versions.Add(version);
            }

            await change();
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Notes what a client has got.</summary>
    /// <param name="version">The version.</param>
    /// <param name="seenBefore"><see cref="Seen"/> at the time of the request.</param>
    /// <returns>False if the tag was never that, or not any more for the mirror.</returns>
    public bool Note(string version, int seenBefore)
    {
        lock (_versions)
        {
            // The newest such version; a tag is deleted more than once.
            var index = _versions.LastIndexOf(version);
            _seen = version == UpstreamContent.Absent ? _seen : Math.Max(_seen, index);
            return index >= seenBefore;
        }
    }
}
