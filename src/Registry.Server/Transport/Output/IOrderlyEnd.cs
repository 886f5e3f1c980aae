namespace Registry.Server.Transport.Output;

/// <summary>Connection that is told when all answers have been written to it, while layers above it may still say goodbye.</summary>
internal interface IOrderlyEnd
{
    /// <summary>All answers are complete: at the time limit of a stop, they need not be destroyed by a reset.</summary>
    void Begin();
}
