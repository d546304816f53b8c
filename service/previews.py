"""What other policies would change in any district; what the stored one allows is kept until something changes."""

from collections import OrderedDict
from threading import Lock

from sqlalchemy import Connection

from embeddings import Encoder
from matching.policy import Policy, policy_from_toml
from matching.previews import Outlook, Preview, outlook_of, preview
from service.overviews import Standing
from service.recommending import Recommenders

#: Districts whose outlooks are kept.
MOST_DISTRICTS = 8
#: The most urgent needs, whose best offers are compared.
MOST_NEEDS = 8


class Previews:
    """Policies beside the stored one, without a plan.

    The texts are those that the recommender of a district has read: no policy changes what they say.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._kept: OrderedDict[int, tuple[Standing, Outlook]] = OrderedDict()
        self._making = Lock()

    def of(
        self,
        connection: Connection,
        district_id: int,
        standing: Standing,
        policy: Policy,
        recommenders: Recommenders,
    ) -> Preview:
        """Return what a policy changes in a district as it stands.

        Raises
        ------
        NotReadyError
            Where the district's texts are still being read.
        """
        # Outside of the lock: it may take long, and who asks about another district shall not wait for it.
        read = recommenders.scorer(connection, district_id)
        with self._making:
            known, before = self._kept.get(district_id, (None, None))
            if before is None or known is not standing:
                before = outlook_of(
                    standing.loaded.district,
                    policy_from_toml(standing.policy),
                    on=standing.today,
                    encoder=self._encoder,
                    earlier=read,
                )
                self._kept[district_id] = standing, before
                while len(self._kept) > MOST_DISTRICTS:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(district_id)
        after = outlook_of(
            standing.loaded.district,
            policy,
            on=standing.today,
            encoder=self._encoder,
            earlier=before.scorer,
        )
        return preview(before, after, standing.overview.gaps["need_id"].head(MOST_NEEDS).tolist())
