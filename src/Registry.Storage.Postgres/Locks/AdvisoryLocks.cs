namespace Registry.Storage.Postgres.Locks;

/// <summary>First keys of the advisory locks. All locks of one database share the numbers, so these begin far from what others may choose.</summary>
internal static class AdvisoryLocks
{
    /// <summary>A repository; the second key is the hash of its name.</summary>
    public const int Repository = 0x52454701;

    /// <summary>The schema; the second key is 0.</summary>
    public const int Schema = 0x52454702;

    /// <summary>The positions of changes, and their removal; the second key is 0.</summary>
    public const int Feed = 0x52454703;

    /// <summary>The numbers of uploads in progress; the second key is 0.</summary>
    public const int Uploads = 0x52454704;

    /// <summary>The fold of the totals; the second key is 0.</summary>
    public const int Totals = 0x52454705;

    /// <summary>A quota; the second key is the hash of the pattern of its rule.</summary>
    public const int Quota = 0x52454706;
}
