namespace Registry.Core.Events;

/// <summary>Places of the events that have ended: of each lane, the last ones are remembered, each in the place of the one before that many.</summary>
public static class EventSlots
{
    /// <summary>Finds the places.</summary>
    /// <param name="lanes">The lanes, after the events have ended.</param>
    /// <param name="deliveries">The events, in their order. Their lanes are among the lanes, and count them.</param>
    public static IEnumerable<(EventDelivery Delivery, long Slot)> Of(IReadOnlyList<EventLane> lanes, IReadOnlyList<EventDelivery> deliveries)
    {
        ArgumentNullException.ThrowIfNull(lanes);
        ArgumentNullException.ThrowIfNull(deliveries);
        foreach (var group in deliveries.GroupBy(delivery => (delivery.Lane, delivery.IsSetAside)))
        {
            var lane = lanes.Single(lane => lane.Number == group.Key.Lane);
            var next = (group.Key.IsSetAside ? lane.SetAside : lane.Delivered) - group.Count();
            foreach (var delivery in group)
            {
                yield return (delivery, next++ % EventDelivery.Remembered);
            }
        }
    }
}
