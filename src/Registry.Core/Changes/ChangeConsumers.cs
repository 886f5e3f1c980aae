namespace Registry.Core.Changes;

/// <summary>Names under which consumers of the change feed keep their positions. They are stored.</summary>
public static class ChangeConsumers
{
    /// <summary>The repositories tree.</summary>
    public const string Tree = "tree";
}
