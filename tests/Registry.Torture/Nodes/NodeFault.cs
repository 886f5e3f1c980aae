namespace Registry.Torture.Nodes;

/// <summary>Kinds of faults of nodes and of their stores.</summary>
internal enum NodeFault
{
    /// <summary>SIGKILL of a node, and a start.</summary>
    Kill,

    /// <summary>SIGTERM of a node, and a start.</summary>
    Stop,

    /// <summary>SIGSTOP of a node, and SIGCONT seconds later. Other faults go on meanwhile.</summary>
    Freeze,

    /// <summary>Restart of PostgreSQL in good order.</summary>
    PostgresRestart,

    /// <summary>Restart of PostgreSQL as after a crash.</summary>
    PostgresCrash,

    /// <summary>All connections of a node, or of all nodes, to PostgreSQL are reset.</summary>
    Cut,

    /// <summary>PostgreSQL commits, and the node does not learn it.</summary>
    LostCommit,

    /// <summary>Some exchanges with the bucket fail.</summary>
    Bucket,

    /// <summary>All exchanges of all nodes with the bucket fail for a time.</summary>
    BucketOutage,

    /// <summary>SIGKILL of a node while the store joins the parts of its upload.</summary>
    KillAtComplete,
}
